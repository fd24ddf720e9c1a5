// The state of the whole, the last run and its deltas.

import { ageOf, byId, chip, element, fill, say, time } from "./dom.js";
import { count, duration, minutes, plural, words } from "./format.js";

const SENTENCES = {
  ok: () => "The last run succeeded, lately: the table is in step with what the devices report.",
  stale: () => "No run has succeeded for two intervals. Is the schedule enabled, does the function start?",
  guarded: (status) =>
    `The last run held ${heldInWords(status)}. Is ingestion down? Then wait; else release them.`,
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

/** How many removals wait for release: what the last run that counted them said. */
export function heldCount(status) {
  return status.state === "guarded" ? (status.last_run?.deltas.held ?? 0) : 0;
}

/** Show what `GET /status` says. */
export function showStatus(status) {
  showState(status);
  showTotals(status.totals);
  showLastRun(status.last_run);
}

function heldInWords(status) {
  const held = heldCount(status);
  return held > 0 ? plural(held, "removal") : "removals";
}

function showState(status) {
  const shown = byId("state-chip");
  shown.className = `chip chip-large chip-${status.state}`;
  say(shown, words(status.state));
  byId("state").dataset.state = status.state;
  say(byId("state-sentence"), (SENTENCES[status.state] ?? (() => ""))(status));
  document.title = `${words(status.state)} · device-parameters`;

  const error = status.last_run?.error;
  byId("state-error").hidden = !error;
  say(byId("state-error"), error ? `${error.code}: ${error.message}` : "");

  const warnings = status.warnings ?? [];
  byId("warnings").hidden = warnings.length === 0;
  fill(byId("warnings"), ...warnings.map((text) => element("li", {}, text)));
}

function showTotals(totals) {
  const facts = ["pairs", "devices", "parameters"].map((name) =>
    element("div", {}, element("dt", {}, name), element("dd", {}, count(totals[name]))),
  );
  fill(byId("totals"), ...facts);
}

function showLastRun(run) {
  if (!run) {
    fill(byId("last-run-facts"), "There has been none.");
    fill(byId("deltas"));
    return;
  }
  const at = run.finished_at ?? run.started_at;
  fill(
    byId("last-run-facts"),
    element("strong", {}, String(run.run_id)),
    " ",
    chip(run.status),
    run.finished_at ? " ended " : " started ",
    time(at),
    element("span", { class: "nowrap" }, `, by ${run.trigger}`),
    `, window ${minutes(run.window_minutes)}`,
    run.finished_at ? `, took ${duration(run.duration_ms)}` : "",
  );
  fill(byId("deltas"), ...DELTAS.map(([name, hint]) => tile(name, hint, run.deltas[name])));
}

function tile(name, hint, value) {
  const shade = value > 0 ? `tile tile-${name}` : "tile tile-none";
  return element("div", { class: shade, title: hint }, element("dt", {}, name), element("dd", {}, count(value)));
}

/** "Looked 3 minutes ago" in the masthead. */
export function showUpdated() {
  fill(byId("updated"), "Looked ", ageOf(new Date().toISOString()));
}
