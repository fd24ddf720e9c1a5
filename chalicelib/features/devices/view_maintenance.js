// Saying that a device is worked on, or is no more; and that it is one no longer.

import { Field, FormDialog, Name, done, html, navigate, put, refresh, remove, useEffect, useState } from "./console.js";

const UNTIL_HINT = "In the time of this computer. Empty for until further notice.";

export function MaintenanceDialog({ asked, path, isOpen, onClose }) {
  const [until, end] = useState("");
  useEffect(() => end(""), [isOpen]);
  const body = () => ({ status: "maintenance", maintenanceUntil: until ? new Date(until).toISOString() : null });
  return html`
    <${FormDialog} title="The device is in maintenance" yes="Say so" isOpen=${isOpen} onClose=${onClose} work=${changing(path, body, asked, "The device is in maintenance.")}>
      ${(problemOf) => html`
        <p>It is shown as such, whatever is heard of it.</p>
        <${Field} label="Until" type="datetime-local" hint=${UNTIL_HINT} value=${until} onValue=${end} problem=${problemOf("maintenanceUntil")} />
      `}
    <//>
  `;
}

export function ReturnDialog({ asked, path, isOpen, onClose }) {
  return html`
    <${FormDialog} title="End the maintenance?" yes="End it" isOpen=${isOpen} onClose=${onClose} work=${changing(path, () => ({ status: "active" }), asked, "The maintenance is over.")}>
      <p>The device is online or offline again, by what is heard of it.</p>
    <//>
  `;
}

export function DeletionDialog({ asked, path, isOpen, onClose }) {
  const work = async (key) => {
    await remove(path, { key, version: asked.version });
    done(`${asked.device.name} is deleted.`);
    navigate("devices");
  };
  return html`
    <${FormDialog} title="Delete the device?" yes="Delete it" no="Keep it" tone="danger" isOpen=${isOpen} onClose=${onClose} work=${work}>
      <p><strong><${Name}>${asked?.device.name ?? ""}<//></strong> is in no list any more, nobody gets in with its certificates, and its readings count no more. What it has measured stays.</p>
    <//>
  `;
}

/** What writes *body()* to the version that was on the page, and tells of it. */
function changing(path, body, asked, said) {
  return async (key) => {
    await put(path, body(), { key, version: asked.version });
    done(said);
    refresh();
  };
}
