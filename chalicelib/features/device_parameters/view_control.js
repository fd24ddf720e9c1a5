// Planning a run, starting one, and forcing one.

import { Button, Card, Field, Form, heard, html, may, plural, post, useOnce, useRef, useState } from "./console.js";
import { Asking } from "./view_asking.js";
import { FreshnessAsked } from "./view_freshness.js";
import { Result, refusal, useResult } from "./view_results.js";
import { carryOut } from "./view_waiting.js";
import { changesInWords, removalsAddress } from "./view_words.js";

const HINT = "How far back to look. Empty: as configured. A plan changes nothing.";

/** What the role allows and the state calls for; *onPlan* is given a plan, or null once it is outdated. */
export function Control({ status, onPlan }) {
  return may("operator") && html`<${Card} title="Run"><${Controls} status=${status} onPlan=${onPlan} /><//>`;
}

function Controls({ status, onPlan }) {
  const [minutes, setMinutes] = useState("");
  const [result, tell] = useResult();
  const [isBusy, once] = useOnce();
  const form = useRef();

  const attempt = (text, work) => once(async () => {
    tell(text);
    await work().catch((error) => tell(refusal(heard(error)), "bad"));
  });
  const request = () => (minutes === "" ? {} : { window_minutes: Number(minutes) });
  const plan = () => attempt("The plan is being made…", async () => {
    const planned = await post("sync", { dry_run: true, ...request() });
    tell(...planInWords(planned.deltas));
    onPlan(planned);
  });
  const run = (asked) => async () => {
    await carryOut(asked, tell);
    onPlan(null); // It told of the table before this run.
  };
  const start = () => form.current.querySelector("form").reportValidity() && attempt("The run is being started…", run(request()));
  // The dialog closes at once; what becomes of the run is told here.
  const force = (given) => {
    attempt("The forced run is being started…", run({ force: true, ...given }));
  };

  return html`
    <div ref=${form}>
      <${Form} label="Run" onSubmit=${plan}>
        <${Field} label="Window in minutes" hint=${HINT} type="number" inputmode="numeric" min="1" max="527040" step="1"
          placeholder="as configured" value=${minutes} onValue=${setMinutes} />
        <div class="buttons">
          <${Button} type="submit" tone="primary" isBusy=${isBusy}>Plan a run<//>
          <${Button} isBusy=${isBusy} onClick=${start}>Start a run<//>
        </div>
      <//>
      ${status.held_removals > 0 && html`<p class="review"><a href=${removalsAddress()}>Review ${plural(status.held_removals, "held removal")}</a></p>`}
      ${may("admin") && html`<${ForcedRun} isBusy=${isBusy} onForce=${force} />`}
      <${Result} of=${result} />
    </div>
  `;
}

/** A run that holds nothing; what somebody has looked at is released elsewhere. */
function ForcedRun({ isBusy, onForce }) {
  const [isAsking, ask] = useState(false);
  return html`
    <${Button} tone="danger" isBusy=${isBusy} onClick=${() => ask(true)}>Force a run…<//>
    <${Asking} title="Force a run?" yes="Force it" no="Do not" isOpen=${isAsking} onYes=${onForce} onClose=${() => ask(false)}>
      <p>A forced run removes every pair that is not observed in the window, held or not, however many they are. Nobody has looked at them.</p>
      ${isAsking && html`<${FreshnessAsked} />`}
      <p>To let go of what you have looked at, and of nothing else, <a href=${removalsAddress()} onClick=${() => ask(false)}>review the held removals</a>.</p>
    <//>
  `;
}

/** What to tell of a plan, and its tone. */
function planInWords(deltas) {
  const happens = changesInWords(deltas);
  const holds = deltas.held > 0 ? ` The guard would hold ${plural(deltas.held, "removal")}.` : "";
  return [`${happens ? `A run now: ${happens}.` : "A run now would change nothing."}${holds}`, holds ? "bad" : "good"];
}
