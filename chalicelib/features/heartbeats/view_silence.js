// Devices that have fallen silent, by site; the longest silent first.

import { Age, Answered, Card, FilterBar, Instant, List, Name, Table, addressOf, count, filtersFrom, html, plural, useAnswer } from "./console.js";

const DEVICES = "heartbeats/stale";
const SITES = "heartbeats/stale/sites";
const MOST_SITES = 500;
const SITES_ON_PANEL = 5;

const deviceAddress = ({ device_id }) => addressOf(["heartbeats", "devices", device_id]);
const siteAddress = ({ site_id }) => addressOf(["heartbeats"], { site_id });

const DEVICE_COLUMNS = [
  { title: "Device", isHeader: true, class: "half", cell: (device) => html`<a href=${deviceAddress(device)}><${Name}>${device.device_id}<//></a>` },
  { title: "Site", class: "half", cell: (device) => html`<${Name}>${device.site_id}<//>` },
  { title: "Last heartbeat", class: "breaks", cell: (device) => html`<${Instant} at=${device.last_seen_ts} />` },
];

const SITE_COLUMNS = [
  { title: "Site", isHeader: true, class: "most", cell: (site) => html`<a href=${siteAddress(site)}><${Name}>${site.site_id}<//></a>` },
  { title: "Silent", isNumeric: true, cell: (site) => count(site.stale_count) },
  { title: "The longest", class: "nowrap", cell: (site) => html`<${Age} at=${site.oldest_last_seen_ts} />` },
];

export function SilentDevices({ query }) {
  const sites = useAnswer(SITES, { limit: MOST_SITES });
  const options = siteOptions(sites.answer?.items ?? [], query.site_id);
  const fields = [{ name: "site_id", label: "Site", any: "all sites", options }];
  return html`
    <${Card} label="Silent devices">
      <${Answered} of=${sites} lines=${1}>${(answer) => html`<p role="status">${summaryOf(answer)}${answer.items.length > 0 && " The longest silence comes first."}</p>`}<//>
      <${FilterBar} fields=${fields} query=${query} />
      <${List} path=${DEVICES} filters=${filtersFrom(fields, query)} one="silent device" columns=${DEVICE_COLUMNS}
        empty=${query.site_id ? "No device of this site is silent." : "No device is silent."} keyOf=${(device) => device.device_id} />
    <//>
  `;
}

/** How many devices are silent, and the sites that have the most of them. */
export function SilentSites() {
  const sites = useAnswer(SITES, { limit: MOST_SITES });
  return html`<${Answered} of=${sites}>${(answer) => html`<p role="status">${summaryOf(answer)}</p><${WorstSites} sites=${answer.items} />`}<//>`;
}

function WorstSites({ sites }) {
  const worst = [...sites].sort((one, other) => other.stale_count - one.stale_count).slice(0, SITES_ON_PANEL);
  return worst.length > 0
    && html`<${Table} caption="Sites with the most silent devices" columns=${SITE_COLUMNS} rows=${worst} keyOf=${(site) => site.site_id} />`;
}

/** The sites to choose from; the chosen one stays, even when all of it is back. */
function siteOptions(sites, chosen) {
  const option = ({ site_id, stale_count }) => [site_id, `${site_id} (${count(stale_count)})`];
  const isMissing = chosen && !sites.some((site) => site.site_id === chosen);
  return [...sites, ...(isMissing ? [{ site_id: chosen, stale_count: 0 }] : [])].map(option);
}

function summaryOf(sites) {
  const silent = sites.items.reduce((sum, site) => sum + site.stale_count, 0);
  if (silent === 0) {
    return "Every device that ever sent a heartbeat still does.";
  }
  const atLeast = sites.next === null ? "" : "At least ";
  const verb = silent === 1 ? "is" : "are";
  return `${atLeast}${plural(silent, "device")} at ${plural(sites.items.length, "site")} ${verb} silent.`;
}
