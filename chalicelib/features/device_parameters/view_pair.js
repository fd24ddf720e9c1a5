// Why a pair is in the table, or why it is not.

import { Age, Answered, Card, Chip, Empty, Facts, Instant, Name, Table, html, minutes, useAnswer, words } from "./console.js";
import { ExplainForm } from "./view_pairs.js";
import { TONES, pairAddress, runAddress } from "./view_words.js";

const COLUMNS = [
  { title: "Run", isHeader: true, cell: (change) => html`<a href=${runAddress(change)}>${change.run_id}</a>` },
  { title: "Change", cell: ({ change }) => html`<${Chip} code=${change} tone=${TONES[change]} />` },
  { title: "Reason", cell: ({ reason }) => (reason ? words(reason) : "–") },
  { title: "When", class: "nowrap", cell: (change) => html`<${Age} at=${change.finished_at ?? change.as_of} />` },
];

export function Pair({ params }) {
  const { device_id: deviceId, parameter_id: parameterId } = params;
  const isAddressable = ![deviceId, parameterId].some((id) => ["", ".", ".."].includes(id));
  return html`
    <div class="columns">
      <${ExplainForm} deviceId=${deviceId} parameterId=${parameterId} />
      <${Card} label="Explanation">
        ${isAddressable
          ? html`<${Explained} deviceId=${deviceId} parameterId=${parameterId} />`
          : html`<p class="bad-text" role="alert">An id that is empty, “.” or “..” has no address to ask at.</p>`}
      <//>
    </div>
  `;
}

function Explained({ deviceId, parameterId }) {
  const found = useAnswer(`device-parameters/${encodeURIComponent(deviceId)}/${encodeURIComponent(parameterId)}`);
  return html`<${Answered} of=${found} lines=${6}>${(answer) => html`<${Explanation} found=${answer} />`}<//>`;
}

function Explanation({ found }) {
  const verdict = found.present ? "present" : "absent";
  return html`
    <p class="verdict" role="status"><${Chip} code=${verdict} tone=${TONES[verdict]} /> <bdi>${found.explanation}</bdi></p>
    <${Candidates} kind="Devices" of=${found.candidates.devices} pairOf=${(id) => ({ ...found, device_id: id })} />
    <${Candidates} kind="Parameters" of=${found.candidates.parameters} pairOf=${(id) => ({ ...found, parameter_id: id })} />
    <${Facts} facts=${factsOf(found)} />
    <h3>What runs did to it</h3>
    <${History} changes=${found.changes} />
  `;
}

/** Links to the pairs that may have been meant, where what was asked for is a name. */
function Candidates({ kind, of, pairOf }) {
  const title = `${kind} of that name`;
  const columns = [
    { title: "Id", isHeader: true, cell: ({ id }) => html`<a href=${pairAddress(pairOf(id))}><${Name}>${id}<//></a>` },
    { title: "Name", cell: ({ name }) => html`<${Name}>${name}<//>` },
  ];
  return of.length > 0 && html`<h3>${title}</h3><${Table} caption=${title} columns=${columns} rows=${of} keyOf=${({ id }) => id} />`;
}

function factsOf({ device, parameter, device_id, parameter_id, last_seen_at, observed, window: span }) {
  const isActive = device.status === null ? "not said" : device.status ? "yes" : "no";
  return [
    ["Device", device.known ? named(device.name, device_id) : html`<${Name}>${device_id}<//>, not in the master data`],
    ["Active", device.known ? isActive : null],
    ["Parameter", parameter.known ? named(parameter.name, parameter_id) : html`<${Name}>${parameter_id}<//>, not in the dictionary`],
    ["Last measured", last_seen_at ? html`<${Instant} at=${last_seen_at} />` : "never, as far as is known"],
    ["Observed", observed ? "yes" : "no"],
    ["Window", html`${minutes(span.minutes)}, from <${Instant} at=${span.start} />`],
  ];
}

function named(name, id) {
  return name === null || name === id ? html`<${Name}>${id}<//>` : html`<${Name}>${name}<//> (<${Name}>${id}<//>)`;
}

function History({ changes }) {
  const keyOf = (change) => `${change.run_id} ${change.change}`;
  return changes.length > 0
    ? html`<${Table} caption="What runs did to this pair" columns=${COLUMNS} rows=${changes} keyOf=${keyOf} />`
    : html`<${Empty}>Nothing that is remembered.<//>`;
}
