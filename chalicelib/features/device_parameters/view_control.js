// Planning a run, starting one, and releasing what the guard holds.

import { ApiError, Button, Card, Confirm, Field, Form, count, heard, html, may, plural, post, refresh, roleOf, toast, useEffect, useOnce, useRef, useState } from "./console.js";
import { isOver, outcome, waitUntilEnded } from "./view_waiting.js";
import { heldCount } from "./view_state.js";
import { changesInWords } from "./view_words.js";

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
    const started = await post("sync", asked);
    const finished = isOver(started) ? started : await waitUntilEnded(started, tell);
    onPlan(null); // It told of the table before this run.
    tell(outcome(finished), finished.status === "succeeded" ? "good" : "bad", true);
    refresh();
  };
  const start = () => form.current.querySelector("form").reportValidity() && attempt("The run is being started…", run(request()));
  const release = () => attempt("The held removals are being released…", run({ force: true }));

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
      ${may("admin") && status.state === "guarded" && html`<${Release} status=${status} isBusy=${isBusy} onRelease=${release} />`}
      <p class=${`result edged tone-${result.tone}`} role="status">${result.text}</p>
    </div>
  `;
}

/** `[result, tell]`; what became of a run is told on whatever page the reader is by then. */
function useResult() {
  const [result, setResult] = useState({ text: "", tone: "none" });
  const isHere = useRef(true);
  useEffect(() => () => {
    isHere.current = false;
  }, []);
  const tell = (text, tone = "none", isOutcome = false) => {
    if (isHere.current) {
      setResult({ text, tone });
    } else if (isOutcome || tone === "bad") {
      toast(text, tone);
    }
  };
  return [result, tell];
}

function Release({ status, isBusy, onRelease }) {
  const [isAsking, ask] = useState(false);
  const held = heldCount(status);
  const them = held > 0 ? plural(held, "held removal") : "the held removals";
  return html`
    <${Button} tone="danger" isBusy=${isBusy} onClick=${() => ask(true)}>Release ${them}…<//>
    <${Confirm} title=${`Release ${them}?`} yes="Release them" no="Leave them" isOpen=${isAsking} onYes=${onRelease} onClose=${() => ask(false)}>
      <p>
        A forced run removes every pair that is not observed in the window, however many they are.
        ${held > 0 && ` Run ${status.last_run.run_id} counted ${count(held)}; it may be others by now.`}
        ${" "}If ingestion is down, wait instead: when the readings come back, nothing is left to hold.
      </p>
    <//>
  `;
}

/** What to tell of a plan, and its tone. */
function planInWords(deltas) {
  const happens = changesInWords(deltas);
  const holds = deltas.held > 0 ? ` The guard would hold ${plural(deltas.held, "removal")}.` : "";
  return [`${happens ? `A run now: ${happens}.` : "A run now would change nothing."}${holds}`, holds ? "bad" : "good"];
}

function refusal(error) {
  if (!(error instanceof ApiError)) {
    return "Something went wrong on this page.";
  }
  return error.status === 403 ? `${error.sentence} Your role is ${roleOf()}.` : error.sentence;
}
