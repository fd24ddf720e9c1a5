// Heartbeats on the console: which devices have fallen silent, which are unknown, and what a device last said.

import { DeviceState } from "./view_device.js";
import { SilentDevices, SilentSites } from "./view_silence.js";
import { UnknownDevices } from "./view_unknown.js";

export const view = {
  title: "Heartbeats",
  order: 20,
  scope: "platform",
  pages: [
    { path: "", title: "Silent devices", isListed: true, Component: SilentDevices },
    { path: "unknown", title: "Unknown devices", isListed: true, Component: UnknownDevices },
    { path: "devices/:device_id", title: "A device by its heartbeats", scope: "organization", Component: DeviceState },
  ],
  panels: [{ title: "Silent devices", Component: SilentSites }],
};
