// The sync by itself: its state, what can be done about it, and what it changed last.

import { Age, Answered, Card, Empty, count, html, may, plural, useAnswer, useEffect, useRef, useState } from "./console.js";
import { PlannedChanges, RunChanges } from "./view_changes.js";
import { RunsChart } from "./view_chart.js";
import { Control } from "./view_control.js";
import { PauseControl } from "./view_pause.js";
import { State } from "./view_state.js";
import { TONES, changesInWords, runAddress } from "./view_words.js";

const RECENT = 100;

export function Sync({ query }) {
  const status = useAnswer("status");
  return html`<${Answered} of=${status} lines=${6}>${(answer) => html`<${Cards} status=${answer} query=${query} />`}<//>`;
}

function Cards({ status, query }) {
  const [plan, setPlan] = useState(null);
  return html`
    <div class="stack">
      <${Card} label="State" tone=${TONES[status.state] ?? "none"}><${State} status=${status} /><//>
      <div class="columns">
        <div class="stack">
          <${Control} status=${status} onPlan=${setPlan} />
          ${may("operator") && html`<${PauseControl} pause=${status.pause} />`}
        </div>
        <div class="stack">
          ${plan && html`<${Planned} planned=${plan} onClose=${() => setPlan(null)} />`}
          <${Card} title="Additions and removals"><${RunsChart} /><//>
          <${Card} title="Last changes"><${LastChanges} query=${query} /><//>
        </div>
      </div>
    </div>
  `;
}

/** What a run would do; it takes the focus, for it is what was asked for. */
function Planned({ planned, onClose }) {
  const card = useRef();
  useEffect(() => {
    card.current.focus({ preventScroll: true });
    card.current.scrollIntoView({ block: "nearest" });
  }, [planned]);
  const close = html`<button type="button" class="plain" onClick=${onClose}>Close the plan</button>`;
  const empty = planned.deltas.held > 0 ? "Nothing else." : "The table is in step already.";
  return html`
    <${Card} title="What a run would do now" tools=${close} sectionRef=${card}>
      <p>${summaryOf(planned)}</p>
      <${PlannedChanges} sample=${planned.planned} empty=${empty} />
    <//>
  `;
}

function summaryOf({ deltas, planned }) {
  return [
    `${changesInWords(deltas) ?? "Nothing to change"}, ${count(deltas.observed)} observed.`,
    deltas.held > 0 ? `The guard would hold ${plural(deltas.held, "removal")}.` : "",
    planned.truncated ? "Only the first changes of each kind are listed." : "",
  ].filter(Boolean).join(" ");
}

/** What the newest run changed that changed anything. */
function LastChanges({ query }) {
  const runs = useAnswer("runs", { limit: RECENT });
  return html`<${Answered} of=${runs}>${({ items }) => html`<${NewestChanges} runs=${items} query=${query} />`}<//>`;
}

function NewestChanges({ runs, query }) {
  const newest = runs.find((run) => run.finished_at && changesInWords(run.deltas));
  if (!newest) {
    return html`<${Empty}>${runs.length === 0 ? "There has been no run yet." : "None of the recent runs changed anything."}<//>`;
  }
  return html`
    <p class="quiet"><a href=${runAddress(newest)}>Run ${newest.run_id}</a>, <${Age} at=${newest.finished_at} />: ${changesInWords(newest.deltas)}.</p>
    <${RunChanges} runId=${newest.run_id} query=${query} />
  `;
}
