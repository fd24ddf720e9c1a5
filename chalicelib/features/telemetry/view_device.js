// What one device measured last, and what of it was not stored.

import { Answered, Card, Empty, Facts, Instant, Name, addressOf, count, html, useAnswer, useRefreshEvery } from "./console.js";
import { Marks, Value } from "./view_reading.js";
import { Rejects } from "./view_rejects.js";

const EVERY_MS = 5_000;

export function DeviceTelemetry({ params }) {
  useRefreshEvery(EVERY_MS, true);
  const deviceId = params.device_id;
  const latest = useAnswer("telemetry/latest", { deviceId });
  return html`
    <p><a href=${addressOf(["telemetry"])}>All devices</a></p>
    <div class="stack">
      <${Card} title=${html`<${Name}>${latest.answer?.items[0]?.name ?? deviceId}<//>`}>
        <${Answered} of=${latest} lines=${6}>${({ items: [device] }) => (device ? html`<${Shown} device=${device} />` : html`<${Empty}>Nothing that it has sent is stored.<//>`)}<//>
      <//>
      <${Card} title="Rejected"><${Rejects} filters=${{ deviceId }} empty="Nothing that it has sent was rejected." /><//>
    </div>
  `;
}

function Shown({ device }) {
  const reading = (each) => [html`<${Name}>${each.metric}<//>`, html`<${Value} reading=${each} /> <${Instant} at=${each.measuredAt} isBrief /><${Marks} marks=${each.marks} />`];
  const facts = [
    ...device.readings.map(reading),
    ["Readings stored", count(device.readingCount)],
    ["Corrected", device.correctedCount > 0 ? count(device.correctedCount) : null],
    ["Device", html`<a href=${addressOf(["devices", "of", device.deviceId])}>All that is known of it</a>`],
  ];
  return html`<${Facts} facts=${facts} />`;
}
