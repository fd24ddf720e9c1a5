// The state of the whole, the last run and its deltas.

import { Age, Answered, Chip, Tiles, count, duration, html, minutes, plural, useAnswer, useRefreshEvery, useTitleNote, words } from "./console.js";
import { Paused } from "./view_pause.js";
import { TONES, removalsAddress, runAddress } from "./view_words.js";

const WHILE_RUNNING_MS = 5_000;

const SENTENCES = {
  ok: () => "The last run succeeded, lately: the table is in step with what the devices report.",
  stale: () => "No run has succeeded for two intervals. Is the schedule enabled, does the function start?",
  guarded: (status) =>
    status.held_removals > 0
      ? "The guard holds removals back. Is ingestion down? Then leave them; else review them."
      : "What the guard held back is released: the next run removes what is not observed by then.",
  failing: () => "The last run failed. The table is as it was before.",
  never_run: () => "No run has ended yet. The table is empty until the first one succeeds.",
};

const DELTAS = [
  ["added", "pairs that were new"],
  ["removed", "pairs no longer observed"],
  ["renamed", "pairs with a new name"],
  ["held", "removals the guard keeps back"],
  ["observed", "pairs seen in the window"],
  ["unresolved", "pairs of an unknown parameter"],
];

/** What `GET /status` says, asked here. */
export function SyncState() {
  const status = useAnswer("status");
  return html`<${Answered} of=${status}>${(answer) => html`<${State} status=${answer} />`}<//>`;
}

/** *status* is what `GET /status` says. */
export function State({ status }) {
  const run = status.last_run;
  useTitleNote(words(status.state));
  useRefreshEvery(WHILE_RUNNING_MS, run?.status === "running");
  return html`
    <div class="state">
      <div class="state-text">
        <${Chip} code=${status.state} tone=${TONES[status.state]} isLarge />
        <p class="state-sentence" role="status">${SENTENCES[status.state]?.(status)}</p>
        ${run?.error && html`<p class="bad-text">${run.error.code}: ${run.error.message}</p>`}
        <${Held} number=${status.held_removals} />
        <${Paused} pause=${status.pause} />
        <${Warnings} warnings=${status.warnings ?? []} />
      </div>
      <${Totals} totals=${status.totals} />
    </div>
    <${LastRun} run=${run} />
  `;
}

/** What waits for a person, whatever the last run did. */
function Held({ number }) {
  return number > 0 && html`<p class="held"><a href=${removalsAddress()}>${plural(number, "removal")} ${number === 1 ? "waits" : "wait"} for a person</a></p>`;
}

function Warnings({ warnings }) {
  return warnings.length > 0 && html`<ul class="warnings">${warnings.map((text) => html`<li key=${text}>${text}</li>`)}</ul>`;
}

function Totals({ totals }) {
  const fact = (name) => html`<div key=${name}><dt>${name}</dt><dd>${count(totals[name])}</dd></div>`;
  return html`<dl class="totals" aria-label="Size of the table">${["pairs", "devices", "parameters"].map(fact)}</dl>`;
}

function LastRun({ run }) {
  if (!run) {
    return html`<p class="last-run quiet">There has been no run yet.</p>`;
  }
  return html`
    <p class="last-run quiet"><strong>Last run</strong> <a href=${runAddress(run)}>${run.run_id}</a> <${Chip} code=${run.status} tone=${TONES[run.status]} />
      ${run.finished_at ? " ended " : " started "}<${Age} at=${run.finished_at ?? run.started_at} />,
      ${" "}by ${run.trigger}, window ${minutes(run.window_minutes)}${run.finished_at && `, took ${duration(run.duration_ms)}`}
    </p>
    <${Deltas} run=${run} />
  `;
}

/** The numbers of *run* as tiles. */
export function Deltas({ run }) {
  const tiles = DELTAS.map(([name, hint]) => ({ name, hint, value: run.deltas[name], tone: TONES[name] }));
  return html`<${Tiles} tiles=${tiles} label=${`What run ${run.run_id} did`} />`;
}
