// How old the newest measurement of any device is: where it is old, nothing can be told from silence.

import { Age, Answered, html, useAnswer, useNow } from "./console.js";

const OLD_MS = 15 * 60_000;

/** *at* is the newest measurement's instant, or null where there is none. */
export function Freshness({ at }) {
  const now = useNow();
  if (at !== null && now - Date.parse(at) <= OLD_MS) {
    return html`<p class="freshness">The newest measurement of any device came <${Age} at=${at} />.</p>`;
  }
  const newest = at === null ? "There is no measurement of any device" : html`The newest measurement of any device came <${Age} at=${at} />`;
  return html`
    <div class="notice notice-warn freshness" role="note">
      <strong>${newest}: ingestion may be down.</strong> If it is, wait: when the readings come back, nothing is left to hold.
    </div>
  `;
}

/** The same, asked for here. */
export function FreshnessAsked() {
  const review = useAnswer("removals/summary");
  return html`<${Answered} of=${review} lines=${1}>${(answer) => html`<${Freshness} at=${answer.newest_measurement_at} />`}<//>`;
}
