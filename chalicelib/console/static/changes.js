// What a run changed and why; by default the newest run that changed anything.

import { get } from "./api.js";
import { byId, chip, element, fill, pairButton, say, table } from "./dom.js";
import { age, changesInWords, words } from "./format.js";

const PAGE = 50;
const COLUMNS = [
  { title: "Change", cell: (change) => chip(change.change) },
  { title: "Device and parameter", cell: pairButton, header: true, class: "wide" },
  { title: "Reason", cell: (change) => (change.reason ? words(change.reason) : "–") },
];

const view = { run: null, runId: null, isChosen: false, items: [], next: null, turn: 0 };

/** A table of changes, each of which can be explained. */
export function changesTable(caption, changes) {
  return table(caption, COLUMNS, changes);
}

/** The changes of a sample by kind, `{added: […], …}`, as one list. */
export function listed(sample) {
  return ["added", "removed", "renamed"].flatMap((change) =>
    sample[change].map((pair) => ({ change, ...pair })),
  );
}

/** Follow the newest of *runs* that changed anything, unless a run was chosen. */
export async function followChanges(runs) {
  if (view.isChosen) {
    return;
  }
  const newest = runs.find((run) => run.finished_at && changesInWords(run.deltas));
  if (!newest) {
    view.runId = null;
    showNothing(runs.length === 0 ? "There has been no run yet." : "None of the recent runs changed anything.");
  } else if (newest.run_id !== view.runId) {
    await load(newest);
  } else {
    describe(newest);
  }
}

/** Show what one run changed, and stay with it. */
export async function chooseRun(run) {
  view.isChosen = true;
  await load(run);
  byId("changes-title").focus();
  byId("changes").scrollIntoView({ block: "nearest" });
}

/** React to the filter and the buttons; *refresh* brings the newest changes back. */
export function watchChanges(report, refresh) {
  byId("change-filter").addEventListener("change", () => report(load(view.run)));
  byId("changes-more").addEventListener("click", () => report(loadMore()));
  byId("changes-newest").addEventListener("click", () => {
    view.isChosen = false;
    view.runId = null;
    byId("changes-title").focus();
    refresh();
  });
}

async function load(run) {
  if (!run) {
    return;
  }
  const turn = ++view.turn;
  const page = await pageOf(run, null);
  if (turn !== view.turn) {
    return; // Another run or filter was chosen meanwhile.
  }
  Object.assign(view, { run, runId: run.run_id, items: page.items, next: page.next });
  show();
}

async function loadMore() {
  const turn = ++view.turn;
  const page = await pageOf(view.run, view.next);
  if (turn === view.turn) {
    view.items.push(...page.items);
    view.next = page.next;
    show();
  }
}

function pageOf(run, after) {
  const change = byId("change-filter").value;
  return get(`runs/${run.run_id}/changes`, { limit: PAGE, change, after });
}

function show() {
  describe(view.run);
  byId("changes-more").hidden = view.next === null;
  byId("changes-newest").hidden = !view.isChosen;
  if (view.items.length === 0) {
    const filter = byId("change-filter").value;
    const text = filter ? `This run has ${filter} nothing.` : "This run changed nothing.";
    fill(byId("changes-table"), element("p", { class: "empty" }, text));
    return;
  }
  fill(byId("changes-table"), changesTable(`What run ${view.runId} changed`, view.items));
}

function describe(run) {
  say(byId("changes-title"), view.isChosen ? `Changes of run ${run.run_id}` : "Last changes");
  const happened = changesInWords(run.deltas) ?? "nothing changed";
  const at = run.finished_at ?? run.started_at;
  say(byId("changes-summary"), `Run ${run.run_id}, ${age(at)}: ${happened}.`);
}

function showNothing(text) {
  view.run = null;
  say(byId("changes-title"), "Last changes");
  say(byId("changes-summary"), "");
  byId("changes-more").hidden = true;
  byId("changes-newest").hidden = true;
  fill(byId("changes-table"), element("p", { class: "empty" }, text));
}
