// The ledger of loads: one line for each version of each file, and the whole of one line.

import { Age, Answered, Card, Chip, Count, Empty, Facts, FilterBar, Instant, List, Name, Table, Tiles, addressOf, bytes, count, duration, filtersFrom, html, plural, useAnswer, useRefreshEvery } from "./console.js";

const NEWEST = 5;
const WHILE_RUNNING_MS = 5_000;
const TONES = { running: "info", succeeded: "good", failed: "bad" };

const FIELDS = [
  { name: "status", label: "Status", options: ["running", "succeeded", "failed", "superseded"] },
  { name: "dataset", label: "Dataset", options: ["generation", "consumption", "transmission", "measurements"] },
];

const ROWS = [
  ["read", "plain", "rows of the file"],
  ["loaded", "good", "rows that are good"],
  ["rejected", "bad", "rows that are bad"],
  ["added", "good", "readings that are new"],
  ["changed", "violet", "readings with other values than before"],
  ["removed", "orange", "readings that only the former version of the file had"],
  ["shadowed", "warn", "rows that give way to those of a newer file"],
];

const number = { title: "Load", isHeader: true, cell: (load) => html`<a href=${addressOf(["parquet_loads", String(load.load_id)])} aria-label=${`Load ${load.load_id}`}>${load.load_id}</a>` };
const status = { title: "Status", cell: (load) => html`<${Chip} code=${load.status} tone=${TONES[load.status]} />` };
const file = { title: "File", class: "half", cell: (load) => html`<${Name}>${load.key}<//>` };
const shortFile = { title: "File", class: "most", cell: (load) => html`<${Name}>${load.key.split("/").at(-1)}<//>` };

const COLUMNS = [
  number,
  status,
  file,
  { title: "Dataset", cell: (load) => load.dataset ?? "–" },
  { title: "Rows", isNumeric: true, cell: (load) => count(load.rows.loaded) },
  { title: "Rejected", isNumeric: true, cell: (load) => html`<${Count} value=${load.rows.rejected} tone="bad" />` },
  { title: "Started", class: "breaks", cell: (load) => html`<${Instant} at=${load.started_at} isBrief />` },
  { title: "Took", isNumeric: true, class: "nowrap", cell: (load) => duration(load.duration_ms) },
];

const PANEL_COLUMNS = [number, status, shortFile, { title: "Started", class: "nowrap", cell: (load) => html`<${Age} at=${load.started_at} isShort />` }];

const keyOf = (load) => load.load_id;

export function Loads({ query }) {
  const filters = filtersFrom(FIELDS, query);
  const empty = filters.status || filters.dataset ? "No load is like that." : "Nothing has been loaded yet.";
  return html`
    <${Card} label="Loads">
      <${FilterBar} fields=${FIELDS} query=${query} />
      <${List} path="loads" filters=${filters} one="load" empty=${empty} columns=${COLUMNS} keyOf=${keyOf} />
    <//>
  `;
}

export function NewestLoads() {
  const newest = useAnswer("loads", { limit: NEWEST });
  return html`<${Answered} of=${newest}>${({ items }) => html`<${Newest} loads=${items} />`}<//>`;
}

function Newest({ loads }) {
  return loads.length > 0
    ? html`<${Table} caption=${`The newest ${plural(loads.length, "load")}`} columns=${PANEL_COLUMNS} rows=${loads} keyOf=${keyOf} />`
    : html`<${Empty}>Nothing has been loaded yet.<//>`;
}

export function Load({ params }) {
  const load = useAnswer(`loads/${encodeURIComponent(params.load_id)}`);
  useRefreshEvery(WHILE_RUNNING_MS, load.answer?.status === "running");
  return html`
    <${Card} label="What became of it">
      <${Answered} of=${load} lines=${6}>${(answer) => html`<${Ledger} load=${answer} />`}<//>
    <//>
  `;
}

function Ledger({ load }) {
  const tiles = ROWS.map(([name, tone, hint]) => ({ name, hint, tone, value: load.rows[name] }));
  return html`<${Facts} facts=${factsOf(load)} /><h3>Rows</h3><${Tiles} tiles=${tiles} label="Rows" />`;
}

function factsOf(load) {
  return [
    ["Status", html`<${Chip} code=${load.status} tone=${TONES[load.status]} />`],
    ["Why", load.error && html`<bdi class="bad-text">${load.error.code}: ${load.error.message}</bdi>`],
    ["File", html`<${Name}>${load.key}<//>`],
    ["Bucket", html`<${Name}>${load.bucket}<//>`],
    ["Version", load.version && html`<${Name}>${load.version}<//>`],
    ["Size", load.size_bytes === null ? null : bytes(load.size_bytes)],
    ["Written", load.modified_at && html`<${Instant} at=${load.modified_at} />`],
    ["Dataset", load.dataset],
    ["Goes to", load.sink],
    ["Started", html`<${Instant} at=${load.started_at} />`],
    ["Took", duration(load.duration_ms)],
    ["Attempts", count(load.attempts)],
    ["Batches", count(load.batches)],
    ["Rejected rows", load.rejects_key && html`<${Name}>${load.rejects_key}<//>`],
  ];
}
