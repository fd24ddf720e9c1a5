// Every run, by what became of it and who asked for it; and one run with all it changed.

import { Answered, Card, Chip, Count, Facts, FilterBar, Instant, List, Name, count, duration, filtersFrom, html, minutes, useAnswer, words } from "./console.js";
import { RunChanges } from "./view_changes.js";
import { Deltas } from "./view_state.js";
import { TONES, runAddress } from "./view_words.js";

const FIELDS = [
  { name: "status", label: "Status", options: ["running", "succeeded", "guarded", "failed", "skipped"] },
  { name: "trigger", label: "Started by", options: ["schedule", "api", "cli", "event"] },
];

const GUARDS = {
  strict: "strict: all removals were held, because the window was narrower than configured",
  released: "released: nothing was held, because somebody forced the run",
};

const delta = (title, name) => ({
  title,
  isNumeric: true,
  cell: (run) => html`<${Count} value=${run.deltas[name]} tone=${TONES[name]} />`,
});

const COLUMNS = [
  { title: "Run", isHeader: true, cell: (run) => html`<a href=${runAddress(run)} aria-label=${`Run ${run.run_id}: show its changes`}>${run.run_id}</a>` },
  { title: "Status", cell: statusOf },
  { title: "Started", class: "breaks", cell: (run) => html`<${Instant} at=${run.started_at} isBrief />` },
  delta("Added", "added"),
  delta("Removed", "removed"),
  delta("Renamed", "renamed"),
  delta("Held", "held"),
  { title: "Observed", isNumeric: true, cell: (run) => count(run.deltas.observed) },
  { title: "Took", isNumeric: true, class: "nowrap", cell: (run) => duration(run.duration_ms) },
  { title: "By, window", class: "nowrap", cell: askedFor },
];

export function Runs({ query }) {
  const filters = filtersFrom(FIELDS, query);
  const empty = filters.status || filters.trigger ? "No run is like that." : "There has been no run yet.";
  return html`
    <${Card} label="Runs">
      <${FilterBar} fields=${FIELDS} query=${query} />
      <${List} path="runs" filters=${filters} one="run" empty=${empty} columns=${COLUMNS} keyOf=${(run) => run.run_id} />
    <//>
  `;
}

export function Run({ params, query }) {
  const run = useAnswer(`runs/${encodeURIComponent(params.run_id)}`);
  return html`
    <${Answered} of=${run}>${(answer) => html`<${RunCards} run=${answer} query=${query} />`}<//>
  `;
}

function RunCards({ run, query }) {
  return html`
    <div class="stack">
      <${Card} label="What became of it">
        <${Facts} facts=${factsOf(run)} />
        <${Deltas} run=${run} />
      <//>
      <${Card} title="Changes"><${RunChanges} runId=${run.run_id} query=${query} /><//>
    </div>
  `;
}

function factsOf(run) {
  return [
    ["Status", html`<${Chip} code=${run.status} tone=${TONES[run.status]} />`],
    ["Why", run.error && `${run.error.code}: ${run.error.message}`],
    ["Started", html`<${Instant} at=${run.started_at} />, by ${run.trigger}`],
    ["Took", duration(run.duration_ms)],
    ["Asked for by", run.requested_by && html`<${Name}>${run.requested_by}<//>`],
    ["Comment", run.comment && html`<${Name}>${run.comment}<//>`],
    ["Guard", GUARDS[run.guard]],
    ["Looked at", html`<${Instant} at=${run.as_of} />`],
    ["Window", minutes(run.window_minutes)],
  ];
}

/** What started it and how far it looks back; who asked for it, and without what guard, where there is more to say. */
function askedFor(run) {
  return html`
    ${run.trigger}, ${minutes(run.window_minutes)}
    ${run.requested_by && html`<span class="cell-note"><${Name}>${run.requested_by}<//></span>`}
    ${run.comment && html`<span class="cell-note"><${Name}>${run.comment}<//></span>`}
    ${run.guard in GUARDS && html`<span class="cell-note">guard ${run.guard}</span>`}
  `;
}

function statusOf(run) {
  return html`
    <${Chip} code=${run.status} tone=${TONES[run.status]} />
    ${run.error && html`<span class="cell-note" title=${run.error.message}>${words(run.error.code.toLowerCase())}</span>`}
  `;
}
