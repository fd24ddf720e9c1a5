// Planning a run, starting one, and releasing what the guard holds.

import { ApiError, get, post } from "./api.js";
import { changesTable, listed } from "./changes.js";
import { byId, element, fill, say } from "./dom.js";
import { changesInWords, count, duration, plural } from "./format.js";
import { may, role } from "./signin.js";
import { heldCount } from "./status.js";

const FIRST_WAIT_MS = 800;
const LONGEST_WAIT_MS = 15_000;
const PATIENCE_MS = 20 * 60_000;
const TOLERATED_FAILURES = 5;

const view = { isBusy: false, held: 0, countedBy: null, refresh: null };

/** React to the buttons; *refresh* shows what a run has done. */
export function watchControl(report, refresh) {
  view.refresh = refresh;
  byId("control-form").addEventListener("submit", (event) => {
    event.preventDefault();
    report(once("The plan is being made…", plan));
  });
  byId("start").addEventListener("click", () => {
    if (byId("control-form").reportValidity()) {
      report(once("The run is being started…", () => run(windowAsked())));
    }
  });
  byId("release").addEventListener("click", () => askToRelease());
  byId("confirm-no").addEventListener("click", () => byId("confirm").close());
  byId("confirm-yes").addEventListener("click", () => {
    byId("confirm").close();
    report(once("The held removals are being released…", () => run({ force: true })));
  });
  byId("planned-close").addEventListener("click", () => {
    byId("planned").hidden = true;
    byId("plan").focus();
  });
}

/** Offer what the role allows and the state calls for. */
export function offerControl(status) {
  view.held = heldCount(status);
  view.countedBy = status.last_run?.run_id;
  byId("control").hidden = !may("operator");
  const release = byId("release");
  release.hidden = !(may("admin") && status.state === "guarded");
  say(release, releaseInWords());
}

function releaseInWords() {
  return view.held > 0 ? `Release ${plural(view.held, "held removal")}…` : "Release the held removals…";
}

function askToRelease() {
  if (view.isBusy) {
    return;
  }
  const held = view.held > 0 ? plural(view.held, "held removal") : "the held removals";
  say(byId("confirm-title"), `Release ${held}?`);
  const counted = view.held > 0 ? ` Run ${view.countedBy} counted ${count(view.held)}; it may be others by now.` : "";
  say(
    byId("confirm-text"),
    "A forced run removes every pair that is not observed in the window, however many they are." +
      `${counted} If ingestion is down, wait instead: when the readings come back, nothing is left to hold.`,
  );
  say(byId("confirm-yes"), "Release them");
  byId("confirm").showModal();
}

/** One thing at a time; buttons keep the focus, and say that they wait. */
async function once(text, work) {
  if (view.isBusy) {
    return;
  }
  setBusy(true);
  tell(text);
  try {
    await work();
  } catch (error) {
    tell(error instanceof ApiError ? refusal(error) : "Something went wrong on this page.", "bad");
    if (!(error instanceof ApiError) || error.status === 401) {
      throw error;
    }
  } finally {
    setBusy(false);
  }
}

function setBusy(isBusy) {
  view.isBusy = isBusy;
  for (const id of ["plan", "start", "release"]) {
    byId(id).setAttribute("aria-disabled", String(isBusy));
  }
}

function tell(text, mood = "") {
  byId("control-result").dataset.mood = mood;
  say(byId("control-result"), text);
}

function refusal(error) {
  return error.status === 403 ? `${error.sentence} Your role is ${role()}.` : error.sentence;
}

function windowAsked() {
  const value = byId("window").valueAsNumber;
  return Number.isNaN(value) ? {} : { window_minutes: value };
}

async function plan() {
  const planned = await post("sync", { dry_run: true, ...windowAsked() });
  const happens = changesInWords(planned.deltas);
  const { held } = planned.deltas;
  const holds = held > 0 ? ` The guard would hold ${plural(held, "removal")}.` : "";
  tell(`${happens ? `A run now: ${happens}.` : "A run now would change nothing."}${holds}`, holds ? "bad" : "good");
  showPlan(planned, happens);
}

function showPlan(planned, happens) {
  const { observed, held } = planned.deltas;
  const parts = [
    `${happens ?? "Nothing to change"}, ${count(observed)} observed.`,
    held > 0 ? `The guard would hold ${plural(held, "removal")}.` : "",
    planned.planned.truncated ? "Only the first changes of each kind are listed." : "",
  ];
  say(byId("planned-summary"), parts.filter(Boolean).join(" "));
  const changes = listed(planned.planned);
  fill(
    byId("planned-table"),
    changes.length > 0
      ? changesTable("What a run would do now", changes)
      : element("p", { class: "empty" }, held > 0 ? "Nothing else." : "The table is in step already."),
  );
  byId("planned").hidden = false;
  byId("planned").focus({ preventScroll: true });
  byId("planned").scrollIntoView({ block: "nearest" });
}

async function run(request) {
  const started = await post("sync", request);
  const finished = isOver(started) ? started : await ended(started);
  byId("planned").hidden = true; // It told of the table before this run.
  tell(outcome(finished), finished.status === "succeeded" ? "good" : "bad");
  await view.refresh();
}

const isOver = (found) => found.status !== "running";

/** Ask until the run has ended, less and less often. */
async function ended(started) {
  const begun = Date.now();
  let wait = FIRST_WAIT_MS;
  let failures = 0;
  while (Date.now() - begun < PATIENCE_MS) {
    const seconds = Math.round((Date.now() - begun) / 1000);
    tell(`Run ${started.run_id} is under way${seconds >= 10 ? `, ${seconds} s so far` : ""}…`);
    await new Promise((resolve) => setTimeout(resolve, wait));
    wait = Math.min(wait * 1.6, LONGEST_WAIT_MS);
    try {
      const found = await get(`runs/${started.run_id}`);
      failures = 0;
      if (isOver(found)) {
        return found;
      }
    } catch (error) {
      // A run does not end because one question about it got lost.
      const isPassing = error instanceof ApiError && (error.status === 0 || error.status >= 500);
      if (!isPassing || ++failures > TOLERATED_FAILURES) {
        throw error;
      }
    }
  }
  return started;
}

function outcome(run) {
  const happened = changesInWords(run.deltas) ?? "nothing to change";
  switch (run.status) {
    case "succeeded":
      return `Run ${run.run_id} succeeded in ${duration(run.duration_ms)}: ${happened}.`;
    case "guarded":
      return `Run ${run.run_id}: ${happened}; the guard held ${plural(run.deltas.held, "removal")}.`;
    case "running":
      return `Run ${run.run_id} is still under way; the list of runs will say how it ended.`;
    default:
      return `Run ${run.run_id} ${run.status === "failed" ? "failed" : "was skipped"}: ${run.error?.message ?? "no reason was given"}`;
  }
}
