// Tables of changes, each of which can be explained.

import { Chip, Empty, FilterBar, List, Named, Table, filtersFrom, html, words } from "./console.js";
import { KINDS, TONES, pairAddress } from "./view_words.js";

const FIELDS = [{ name: "change", label: "Show", any: "all changes", options: KINDS }];

const COLUMNS = [
  { title: "Change", cell: ({ change }) => html`<${Chip} code=${change} tone=${TONES[change]} />` },
  { title: "Device", isHeader: true, class: "half", cell: (pair) => html`<a href=${pairAddress(pair)}><${Named} name=${pair.device_name} id=${pair.device_id} /></a>` },
  { title: "Parameter", class: "half", cell: (pair) => html`<${Named} name=${pair.parameter_name} id=${pair.parameter_id} />` },
  { title: "Reason", cell: ({ reason }) => (reason ? words(reason) : "–") },
];

const keyOf = (pair) => JSON.stringify([pair.change, pair.device_id, pair.parameter_id]);

/** What run *runId* changed, filtered as *query* says. */
export function RunChanges({ runId, query }) {
  const filters = filtersFrom(FIELDS, query);
  const empty = filters.change ? `This run has ${filters.change} nothing.` : "This run changed nothing.";
  return html`
    <${FilterBar} fields=${FIELDS} query=${query} />
    <${List} path=${`runs/${encodeURIComponent(runId)}/changes`} filters=${filters} one="change" size=${50} empty=${empty} columns=${COLUMNS} keyOf=${keyOf} />
  `;
}

/** The changes of a plan, `{added: […], …}`. */
export function PlannedChanges({ sample, empty }) {
  const rows = [...KINDS, "held"].flatMap((change) => sample[change].map((pair) => ({ change, ...pair })));
  return rows.length > 0
    ? html`<${Table} caption="What a run would do now" columns=${COLUMNS} rows=${rows} keyOf=${keyOf} />`
    : html`<${Empty}>${empty}<//>`;
}
