// Devices that have fallen silent, by site; the longest silent first.

import { get } from "./api.js";
import { ageOf, byId, element, fill, say, table } from "./dom.js";
import { count, plural, utc } from "./format.js";

const PAGE = 10;
const MOST_SITES = 500;
const COLUMNS = [
  { title: "Device", header: true, cell: (device) => device.device_id },
  { title: "Site", cell: (device) => device.site_id },
  { title: "Last heartbeat", class: "breaks", cell: lastHeartbeat },
];

const view = { items: [], next: null, length: PAGE, turn: 0 };

/** Show which devices are silent now: those of the chosen site, or all. */
export async function showSilence() {
  const turn = ++view.turn;
  const [sites, devices] = await Promise.all([
    get("devices/stale/sites", { limit: MOST_SITES }),
    get("devices/stale", { limit: view.length, site_id: byId("site-filter").value }),
  ]);
  if (turn === view.turn) {
    Object.assign(view, { items: devices.items, next: devices.next });
    offerSites(sites.items);
    summarize(sites);
    show();
  }
}

/** React to the filter and to "More of them". */
export function watchSilence(report) {
  byId("site-filter").addEventListener("change", () => {
    view.length = PAGE;
    report(showSilence());
  });
  byId("silence-more").addEventListener("click", () => report(showMore()));
}

async function showMore() {
  const turn = ++view.turn;
  const page = await get("devices/stale", { limit: PAGE, after: view.next, site_id: byId("site-filter").value });
  if (turn === view.turn) {
    view.items.push(...page.items);
    // Looking again keeps as many in sight, up to what one request gives.
    Object.assign(view, { next: page.next, length: Math.min(view.items.length, MOST_SITES) });
    show();
  }
}

/** The sites to choose from; the chosen one stays, even when all of it is back. */
function offerSites(sites) {
  const filter = byId("site-filter");
  const chosen = filter.value;
  const options = sites.map((site) => option(site.site_id, `${site.site_id} (${count(site.stale_count)})`));
  if (chosen && !sites.some((site) => site.site_id === chosen)) {
    options.push(option(chosen, `${chosen} (0)`));
  }
  filter.replaceChildren(option("", "all sites"), ...options);
  filter.value = chosen;
}

function option(value, text) {
  return element("option", { value }, text);
}

function lastHeartbeat(device) {
  const { last_seen_ts: at } = device;
  return [element("span", { class: "nowrap" }, utc(at)), " ", element("span", { class: "quiet" }, ageOf(at, "short"))];
}

function summarize(sites) {
  const silent = sites.items.reduce((sum, site) => sum + site.stale_count, 0);
  if (silent === 0) {
    say(byId("silence-summary"), "Every device that ever sent a heartbeat still does.");
    return;
  }
  const atLeast = sites.next === null ? "" : "At least ";
  const at = plural(sites.items.length, "site");
  say(byId("silence-summary"), `${atLeast}${plural(silent, "device")} at ${at} silent, the longest silent first.`);
}

function show() {
  byId("silence-more").hidden = view.next === null;
  const isEmpty = view.items.length === 0;
  const caption = `${plural(view.items.length, "silent device")}, the longest silent first`;
  fill(byId("silence-table"), ...(isEmpty ? [] : [table(caption, COLUMNS, view.items)]));
}
