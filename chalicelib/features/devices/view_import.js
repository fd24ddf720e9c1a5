// An import: how far it has come, and what became of each row.

import { Answered, Button, Card, Chip, Facts, FilterBar, FormDialog, Instant, List, Name, Tiles, addressOf, bytes, done, filtersFrom, html, post, refresh, useAnswer, useRefreshEvery, useState } from "./console.js";
import { TONES, deviceAddress } from "./view_words.js";

const WHILE_RUNNING_MS = 3_000;
const FIELDS = [{ name: "outcome", label: "Show", any: "all rows", options: ["registered", "refused"] }];

const COLUMNS = [
  { title: "Line", isHeader: true, isNumeric: true, cell: ({ line }) => line },
  { title: "What became of it", cell: (row) => (row.deviceId ? html`<a href=${deviceAddress(row)}><${Name}>${row.deviceId}<//></a>` : html`<bdi class="bad-text">${row.error?.message}</bdi>`) },
];

export function Import({ params, query }) {
  const path = `device-imports/${encodeURIComponent(params.import_id)}`;
  const found = useAnswer(path);
  useRefreshEvery(WHILE_RUNNING_MS, ["waiting", "running"].includes(found.answer?.status));
  return html`
    <p><a href=${addressOf(["devices", "imports"])}>All imports</a></p>
    <div class="stack">
      <${Answered} of=${found} lines=${6}>${(answer) => html`<${Shown} found=${answer} path=${path} />`}<//>
      <${Card} title="Rows">
        <${FilterBar} fields=${FIELDS} query=${query} />
        <${List} path=${`${path}/rows`} filters=${filtersFrom(FIELDS, query)} one="row" columns=${COLUMNS} empty=${query.outcome ? "No row is like that." : "No row is done yet."} keyOf=${({ line }) => line} />
      <//>
    </div>
  `;
}

function Shown({ found, path }) {
  const [isAsking, ask] = useState(false);
  const isOver = ["succeeded", "failed", "cancelled"].includes(found.status);
  const tiles = [
    { name: "registered", value: found.registeredCount, tone: "good" },
    { name: "refused", value: found.refusedCount, tone: "bad" },
  ];
  const work = async (key) => {
    await post(`${path}/cancel`, undefined, { key });
    done("No more rows are registered.");
    refresh();
  };
  return html`
    <${Card} title=${html`<${Name}>${found.name ?? found.importId}<//>`}>
      <${Facts} facts=${factsOf(found)} />
      <${Tiles} tiles=${tiles} label="Rows" />
      ${!isOver && html`<div class="buttons"><${Button} tone="danger" onClick=${() => ask(true)}>Cancel the import…<//></div>`}
      <${FormDialog} title="Cancel the import?" yes="Cancel the import" no="Let it go on" tone="danger" isOpen=${isAsking} onClose=${() => ask(false)} work=${work}>
        <p>No more rows are registered. The devices that are registered by then stay.</p>
      <//>
    <//>
  `;
}

function factsOf(found) {
  const share = found.sizeBytes > 0 ? ` of ${bytes(found.sizeBytes)}` : "";
  return [
    ["Status", html`<${Chip} code=${found.status} tone=${TONES[found.status]} />`],
    ["Why", found.error && html`<bdi class="bad-text">${found.error.message}</bdi>`],
    ["Done", `${bytes(found.readBytes)}${share}`],
    ["Format", found.format],
    ["Organization", html`<${Name}>${found.organizationId}<//>`],
    ["Asked for", html`<${Instant} at=${found.createdAt} /> by <${Name}>${found.createdBy}<//>`],
    ["Ended", found.endedAt && html`<${Instant} at=${found.endedAt} />`],
    ["Id", html`<${Name}>${found.importId}<//>`],
  ];
}
