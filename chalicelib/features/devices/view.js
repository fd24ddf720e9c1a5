// Devices on the console: which there are, how each is, and what can be done about it.

import { Device } from "./view_device.js";
import { Devices } from "./view_devices.js";
import { Holds } from "./view_holds.js";
import { Import } from "./view_import.js";
import { Imports } from "./view_imports.js";
import { NewDevice } from "./view_new.js";
import { Statuses } from "./view_statuses.js";

export const view = {
  title: "Devices",
  order: 6,
  pages: [
    { path: "", title: "Devices", isListed: true, Component: Devices },
    { path: "imports", title: "Imports", isListed: true, least: "admin", Component: Imports },
    { path: "imports/:import_id", title: "An import", least: "admin", Component: Import },
    { path: "holds", title: "Held silence", isListed: true, scope: "platform", Component: Holds },
    { path: "new", title: "Register a device", least: "operator", Component: NewDevice },
    { path: "of/:device_id", title: "A device", Component: Device },
  ],
  panels: [{ title: "Devices", isWide: true, Component: Statuses }],
};
