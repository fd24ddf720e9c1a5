// What each device measured last. It looks again every few seconds.

import { Age, Card, FilterBar, List, Named, addressOf, count, filtersFrom, html, ownerColumns, useOwnerFields, useRefreshEvery } from "./console.js";
import { Line } from "./view_reading.js";

const EVERY_MS = 5_000;
const MOST_IN_SIGHT = 5;

const FIELDS = [{ name: "deviceId", label: "Device id" }];

const COLUMNS = [
  { title: "Device", isHeader: true, class: "part", cell: (device) => html`<a href=${addressOf(["telemetry", "of", device.deviceId])}><${Named} name=${device.name} id=${device.deviceId} /></a>` },
  { title: "Last readings", class: "most", cell: (device) => html`<${Readings} device=${device} />` },
  { title: "Measured", class: "nowrap", cell: ({ lastReadingAt }) => (lastReadingAt ? html`<${Age} at=${lastReadingAt} isShort />` : "never") },
  { title: "Stored", isNumeric: true, cell: ({ readingCount }) => count(readingCount) },
];

export function LatestReadings({ query }) {
  useRefreshEvery(EVERY_MS, true);
  const fields = [...useOwnerFields(), ...FIELDS];
  const filters = filtersFrom(fields, query);
  const isFiltered = Object.values(filters).some(Boolean);
  return html`
    <${Card} label="Last readings">
      <p class="quiet">It looks again every ${EVERY_MS / 1000} seconds.</p>
      <${FilterBar} fields=${fields} query=${query} />
      <${List} path="telemetry/latest" filters=${filters} one="device" columns=${[...COLUMNS, ...ownerColumns(query)]}
        empty=${isFiltered ? "No device is like that, or it has not sent anything yet." : "No device has sent anything yet."} keyOf=${({ deviceId }) => deviceId} />
    <//>
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
