// What each device measured last. It looks again every few seconds.

import { Age, Card, FilterBar, List, Named, addressOf, count, filtersFrom, html, useOwnerFields, useRefreshEvery } from "./console.js";
import { Owner, isOwnerSaid } from "./view_owner.js";
import { Line } from "./view_reading.js";

const EVERY_MS = 5_000;
const MOST_IN_SIGHT = 5;

const FIELDS = [{ name: "deviceId", label: "Device id" }];

const READINGS = { title: "Last readings", class: "most", cell: (device) => html`<${Readings} device=${device} />` };

export function LatestReadings({ query }) {
  useRefreshEvery(EVERY_MS, true);
  const fields = [...useOwnerFields(), ...FIELDS];
  const filters = filtersFrom(fields, query);
  const isFiltered = Object.values(filters).some(Boolean);
  const device = { title: "Device", isHeader: true, class: "part", cell: (each) => html`<${Device} device=${each} isOwned=${isOwnerSaid(query)} />` };
  return html`
    <${Card} label="Last readings">
      <p class="quiet">It looks again every ${EVERY_MS / 1000} seconds.</p>
      <${FilterBar} fields=${fields} query=${query} />
      <${List} path="telemetry/latest" filters=${filters} one="device" columns=${[device, READINGS]}
        empty=${isFiltered ? "No device is like that, or it has not sent anything yet." : "No device has sent anything yet."} keyOf=${({ deviceId }) => deviceId} />
    <//>
  `;
}

function Device({ device: { deviceId, organizationId, name, lastReadingAt }, isOwned }) {
  return html`
    <a href=${addressOf(["telemetry", "of", deviceId])}><${Named} name=${name} id=${deviceId} /></a>
    ${isOwned && html`<${Owner} id=${organizationId} />`}
    <span class="cell-note">${lastReadingAt ? html`<${Age} at=${lastReadingAt} />` : "never"}</span>
  `;
}

/** What is unusual comes first; of many, some are to be opened. */
function Readings({ device: { readings, lastReadingAt } }) {
  const inOrder = [...readings.filter(isUnusual), ...readings.filter((reading) => !isUnusual(reading))];
  const line = (reading) => html`<${Line} key=${reading.metric} reading=${reading} newestAt=${lastReadingAt} />`;
  const rest = inOrder.slice(MOST_IN_SIGHT);
  return html`
    ${readings.length === 0 && "–"}
    ${inOrder.slice(0, MOST_IN_SIGHT).map(line)}
    ${rest.length > 0 && html`<details><summary>${count(rest.length)} more</summary>${rest.map(line)}</details>`}
  `;
}

const isUnusual = ({ marks }) => marks.length > 0;
