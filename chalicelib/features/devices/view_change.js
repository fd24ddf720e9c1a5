// Changing what is said of a device.

import { FormDialog, done, html, put, refresh, useEffect, useState } from "./console.js";
import { asChange, asEntered } from "./view_entered.js";
import { DeviceFields } from "./view_fields.js";

export function ChangeDialog({ asked, path, isOpen, onClose }) {
  // Until something is entered it is as it was when the dialog was opened.
  const [changed, setChanged] = useState(null);
  const entered = changed ?? (isOpen ? asEntered(asked.device) : null);
  const enter = (changes) => setChanged((known) => ({ ...(known ?? entered), ...changes }));
  useEffect(() => setChanged(null), [isOpen]);
  const work = async (key) => {
    await put(path, asChange(entered, asked.device), { key, version: asked.version });
    done("The device is changed.");
    refresh();
  };
  return html`
    <${FormDialog} title="Change the device" yes="Save" isOpen=${isOpen} isWide onClose=${onClose} work=${work}>
      ${(problemOf) => html`<${DeviceFields} entered=${entered} enter=${enter} problemOf=${problemOf} organizationId=${asked.device.organizationId} />`}
    <//>
  `;
}
