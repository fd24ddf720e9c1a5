// The recent runs: the newest hundred, filtered and extended on request.

import { get } from "./api.js";
import { chooseRun } from "./changes.js";
import { byId, chip, element, fill, say, table } from "./dom.js";
import { count, duration, minutes, plural, shortAge, utc, words } from "./format.js";

export const RECENT = 100;
const STEP = 12;
const MOST = 500;

const view = { length: STEP, recent: [], shown: "", turn: 0 };

const delta = (name) => ({
  title: name,
  numeric: true,
  cell: (run) => element("span", { class: run.deltas[name] > 0 ? `n-${name}` : "n-none" }, count(run.deltas[name])),
});

const DELTAS = [delta("added"), delta("removed"), delta("renamed"), delta("held")];

/** Show *recent*, the newest runs, or what the filters ask for. */
export async function showRuns(recent) {
  view.recent = recent;
  const turn = ++view.turn;
  const filter = { status: byId("status-filter").value, trigger: byId("trigger-filter").value };
  const isFiltered = Boolean(filter.status || filter.trigger);
  const needsMore = isFiltered || view.length > RECENT;
  // One more than is shown tells whether there are older ones.
  const limit = Math.min(view.length + 1, MOST);
  const runs = needsMore ? (await get("runs", { ...filter, limit })).items : recent;
  if (turn === view.turn) {
    render(runs, isFiltered);
  }
}

/** React to the filters and to "Older runs". */
export function watchRuns(report) {
  for (const id of ["status-filter", "trigger-filter"]) {
    byId(id).addEventListener("change", () => {
      view.length = STEP;
      report(showRuns(view.recent));
    });
  }
  byId("runs-more").addEventListener("click", () => {
    view.length = Math.min(view.length + 4 * STEP, MOST);
    report(showRuns(view.recent));
  });
  view.report = report;
}

function render(runs, isFiltered) {
  const shown = runs.slice(0, view.length);
  const hasMore = runs.length > shown.length;
  byId("runs-more").hidden = !hasMore;
  say(byId("runs-note"), noteFor(shown, isFiltered));
  const known = JSON.stringify(shown);
  // Rows that did not change are left alone: a reader may be among them.
  if (known !== view.shown) {
    view.shown = known;
    fill(byId("runs-table"), ...(shown.length > 0 ? [runsTable(shown)] : []));
  }
}

function noteFor(shown, isFiltered) {
  if (shown.length === 0) {
    return isFiltered ? "No run is like that." : "There has been no run yet.";
  }
  return shown.length >= MOST ? "Older runs are to be had from the API, page by page." : "";
}

function runsTable(runs) {
  const columns = [
    { title: "Run", header: true, cell: runButton },
    { title: "Status", cell: (run) => [chip(run.status), run.error ? errorNote(run.error) : ""] },
    { title: "Started", cell: startOf, class: "breaks" },
    ...DELTAS,
    { title: "observed", numeric: true, cell: (run) => count(run.deltas.observed) },
    { title: "Took", numeric: true, cell: (run) => duration(run.duration_ms), class: "nowrap" },
    { title: "By, window", cell: (run) => `${run.trigger}, ${minutes(run.window_minutes)}`, class: "nowrap" },
  ];
  return table(`The newest ${plural(runs.length, "run")}`, columns, runs);
}

/** The year is in the tooltip. */
function startOf(run) {
  const { started_at: at } = run;
  const shown = utc(at).slice(5, 16);
  const asTime = element("time", { class: "nowrap", datetime: at, title: `${utc(at)} UTC` }, shown);
  return [asTime, " ", element("span", { class: "quiet nowrap", "data-age": at, "data-age-style": "short" }, shortAge(at))];
}

function errorNote(error) {
  return element("span", { class: "cell-note", title: error.message }, words(error.code.toLowerCase()));
}

function runButton(run) {
  return element(
    "button",
    {
      type: "button",
      class: "link",
      "data-key": `run-${run.run_id}`,
      "aria-label": `Run ${run.run_id}: show its changes`,
      onclick: () => view.report(chooseRun(run)),
    },
    String(run.run_id),
  );
}
