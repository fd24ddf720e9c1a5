// Telemetry on the console: what devices measured last, and what was not stored.

import { DeviceTelemetry } from "./view_device.js";
import { LatestReadings } from "./view_latest.js";
import { Rejected } from "./view_rejected.js";

export const view = {
  title: "Telemetry",
  order: 8,
  pages: [
    { path: "", title: "Last readings", isListed: true, Component: LatestReadings },
    { path: "rejects", title: "Rejected", isListed: true, Component: Rejected },
    { path: "of/:device_id", title: "What a device measures", Component: DeviceTelemetry },
  ],
};
