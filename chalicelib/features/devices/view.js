// Devices on the console: which there are, how each is, and what can be done about it.

import { Device } from "./view_device.js";
import { Devices } from "./view_devices.js";
import { NewDevice } from "./view_new.js";
import { Statuses } from "./view_statuses.js";

export const view = {
  title: "Devices",
  order: 6,
  pages: [
    { path: "", title: "Devices", isListed: true, Component: Devices },
    { path: "new", title: "Register a device", least: "operator", Component: NewDevice },
    { path: "of/:device_id", title: "A device", Component: Device },
  ],
  panels: [{ title: "Devices", Component: Statuses }],
};
