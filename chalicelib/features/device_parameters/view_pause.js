// Pausing the runs that nobody asks for, and letting them go on.

import { Button, Card, Field, Form, Instant, Name, heard, html, post, refresh, remove, useOnce, useState } from "./console.js";
import { Result, refusal, useResult } from "./view_results.js";

const HINT = "Scheduled runs, and those after loads, are skipped until then. Runs that somebody asks for go on.";
const WEEK = 7 * 24 * 60;

/** Until when, by whom and why; nothing where the runs are not paused. */
export function Paused({ pause }) {
  return pause && html`
    <div class="paused">
      <p><strong>Paused</strong> until <${Instant} at=${pause.paused_until} />, by <${Name}>${pause.paused_by}<//>.</p>
      ${pause.comment && html`<p class="quiet"><${Name}>${pause.comment}<//></p>`}
    </div>
  `;
}

export function PauseControl({ pause }) {
  const [minutes, setMinutes] = useState("60");
  const [comment, setComment] = useState("");
  const [result, tell] = useResult();
  const [isBusy, once] = useOnce();
  const attempt = (work, said) => once(async () => {
    try {
      await work();
      tell(said, "good");
      refresh();
    } catch (error) {
      tell(refusal(heard(error)), "bad");
    }
  });
  const given = comment.trim() === "" ? {} : { comment: comment.trim() };
  const stop = () => attempt(() => post("sync/pause", { minutes: Number(minutes), ...given }), "The scheduled runs are paused.");
  const resume = () => attempt(() => remove("sync/pause"), "The scheduled runs go on.");
  return html`
    <${Card} title="Scheduled runs">
      <${Paused} pause=${pause} />
      <${Form} label="Pause" onSubmit=${stop}>
        <${Field} label="Pause for minutes" hint=${HINT} type="number" inputmode="numeric" min="1" max=${WEEK} step="1" required
          value=${minutes} onValue=${setMinutes} />
        <${Field} label="Reason for the pause" maxlength="500" autocomplete="off" value=${comment} onValue=${setComment} />
        <div class="buttons">
          <${Button} type="submit" isBusy=${isBusy}>${pause ? "Pause anew" : "Pause"}<//>
          ${pause && html`<${Button} isBusy=${isBusy} onClick=${resume}>Resume<//>`}
        </div>
      <//>
      <${Result} of=${result} />
    <//>
  `;
}
