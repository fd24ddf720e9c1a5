// Device types on the console: what kinds of devices there are, how often each reports, and what.

import { ChangedType, NewType } from "./view_form.js";
import { DeviceType } from "./view_type.js";
import { DeviceTypes } from "./view_types.js";

export const view = {
  title: "Device types",
  order: 7,
  pages: [
    { path: "", title: "Device types", isListed: true, Component: DeviceTypes },
    { path: "new", title: "Add a device type", least: "admin", Component: NewType },
    { path: ":device_type_id", title: "A device type", Component: DeviceType },
    { path: ":device_type_id/change", title: "Change a device type", least: "admin", Component: ChangedType },
  ],
};
