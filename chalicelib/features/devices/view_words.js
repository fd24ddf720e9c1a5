// How this feature's codes are said and coloured.

import { addressOf } from "./console.js";

export const STATUSES = ["online", "offline", "maintenance", "registered"];

export const TONES = {
  online: "good", offline: "bad", maintenance: "warn", registered: "none",
  ready: "good", pending: "info", refused: "bad", undone: "bad", revoked: "warn", unmanaged: "none",
  active: "good", revoking: "warn",
  changed: "info", deleted: "bad",
  awaiting_upload: "none", waiting: "info", running: "info", succeeded: "good", failed: "bad", cancelled: "warn",
};

/** How far things are with a certificate that was asked for. */
export const MEANINGS = {
  ready: "The device can connect with it.",
  pending: "AWS IoT has still to be told. In a minute or so the device's certificates say how far that is.",
  refused: "AWS IoT does not make the certificate.",
  undone: "AWS IoT did not answer in time, and nobody has the key. Ask for another certificate.",
  revoked: "Nobody gets in with it any more.",
  unmanaged: "This deployment makes no certificates.",
};

export const deviceAddress = (device) => addressOf(["devices", "of", device.deviceId]);

export const devicePath = (deviceId) => `devices/${encodeURIComponent(deviceId)}`;

/** The fields of the metadata that have fields of their own in a form, with what they are called. */
export const KNOWN_METADATA = { serialNumber: "Serial number", manufacturer: "Manufacturer", model: "Model" };

/** "51.5° N, 0.1° W", or null where that is not known. */
export function placeSaid(location) {
  if (location?.lat === undefined || location.lat === null) {
    return null;
  }
  const { lat, lon } = location;
  return `${Math.abs(lat)}° ${lat < 0 ? "S" : "N"}, ${Math.abs(lon)}° ${lon < 0 ? "W" : "E"}`;
}
