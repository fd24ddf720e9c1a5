// Devices that nobody knows and that send heartbeats, to be entered or forgotten.

import { Button, Card, Instant, List, Name, count, heard, html, may, refresh, remove, sentenceOf, toast, useOnce } from "./console.js";

const COLUMNS = [
  { title: "Device", isHeader: true, class: "half", cell: (device) => html`<${Name}>${device.device_id}<//>` },
  { title: "Site", class: "half", cell: (device) => html`<${Name}>${device.site_id}<//>` },
  { title: "Last heartbeat", class: "breaks", cell: (device) => html`<${Instant} at=${device.last_seen_at} />` },
  { title: "Heartbeats", isNumeric: true, cell: (device) => count(device.heartbeat_count) },
];
const FORGET = { title: "Forget", cell: (device) => html`<${Forget} device=${device} />` };

export function UnknownDevices() {
  const columns = may("operator") ? [...COLUMNS, FORGET] : COLUMNS;
  return html`
    <${Card} label="Unknown devices">
      <p>Their heartbeats are set apart. A device that is entered in the master table is stored with its next one.</p>
      <${List} path="heartbeats/unknown" one="unknown device" columns=${columns} empty="No unknown device has sent a heartbeat."
        keyOf=${(device) => device.device_id} />
    <//>
  `;
}

function Forget({ device }) {
  const [isBusy, once] = useOnce();
  const forget = () => once(() => remove(`devices/${encodeURIComponent(device.device_id)}/state`)
    .then(() => toast("The device is forgotten.", "good"))
    .catch((error) => toast(sentenceOf(heard(error)), "bad"))
    .finally(refresh));
  return html`<${Button} isBusy=${isBusy} onClick=${forget} aria-label=${`Forget ${device.device_id}`}>Forget<//>`;
}
