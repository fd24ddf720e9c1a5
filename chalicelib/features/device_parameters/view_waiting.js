// A run that a function of its own carries out, until it has ended.

import { ApiError, duration, get, plural, post, refresh } from "./console.js";
import { TONES, changesInWords } from "./view_words.js";

const FIRST_WAIT_MS = 800;
const LONGEST_WAIT_MS = 15_000;
const PATIENCE_MS = 20 * 60_000;
const TOLERATED_FAILURES = 5;

/** Start the run that is *asked* for, and *tell* of it until it has ended. */
export async function carryOut(asked, tell) {
  const started = await post("sync", asked);
  const finished = isOver(started) ? started : await waitUntilEnded(started, tell);
  tell(outcome(finished), TONES[finished.status] ?? "bad", true);
  refresh();
}

const isOver = (run) => run.status !== "running";

/** Ask until *started* has ended, less and less often; *tell* is told how long it has taken. */
async function waitUntilEnded(started, tell) {
  const begun = Date.now();
  let wait = FIRST_WAIT_MS;
  let failures = 0;
  while (Date.now() - begun < PATIENCE_MS) {
    tell(progress(started, Math.round((Date.now() - begun) / 1000)));
    await new Promise((resolve) => setTimeout(resolve, wait));
    wait = Math.min(wait * 1.6, LONGEST_WAIT_MS);
    try {
      const found = await get(`runs/${started.run_id}`);
      failures = 0;
      if (isOver(found)) {
        return found;
      }
    } catch (error) {
      failures += 1;
      if (!isPassing(error) || failures > TOLERATED_FAILURES) {
        throw error;
      }
    }
  }
  return started;
}

function progress(run, seconds) {
  return `Run ${run.run_id} is under way${seconds >= 10 ? `, ${seconds} s so far` : ""}…`;
}

/** A run does not end because one question about it got lost. */
function isPassing(error) {
  return error instanceof ApiError && (error.status === 0 || error.status >= 500);
}

/** How *run* ended. */
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
