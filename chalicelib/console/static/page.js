// Begins the page, and keeps it up to date while somebody can see it.

import { ApiError, get } from "./api.js";
import { followChanges, watchChanges } from "./changes.js";
import { showChart, watchChart } from "./chart.js";
import { offerControl, watchControl } from "./control.js";
import { byId, say, tellAges } from "./dom.js";
import { followLink, watchExplain } from "./explain.js";
import { RECENT, showRuns, watchRuns } from "./runs.js";
import { showSilence, watchSilence } from "./silence.js";
import { askForToken, identify, watchSignin } from "./signin.js";
import { showStatus, showUpdated } from "./status.js";

const REFRESH_MS = 60_000;
const REFRESH_WHILE_RUNNING_MS = 5_000;
const AGES_MS = 10_000;

const view = { next: null, refreshing: null, isKnown: false };

function begin() {
  clearTimeout(view.next);
  // Asked again by itself: who left the page open wants to see that it is back.
  view.next = setTimeout(begin, REFRESH_MS);
  report(enter());
}

async function enter() {
  view.isKnown = await identify();
  if (!view.isKnown) {
    clearTimeout(view.next);
    showProblem("");
    return;
  }
  await refresh();
  followLink(report);
}

/** Ask for everything once; who asks meanwhile gets the same answer. */
function refresh() {
  view.refreshing ??= look().finally(() => {
    view.refreshing = null;
  });
  return view.refreshing;
}

async function look() {
  clearTimeout(view.next);
  let wait = REFRESH_MS;
  try {
    const [status, runs] = await Promise.all([get("status"), get("runs", { limit: RECENT })]);
    byId("dashboard").hidden = false;
    showStatus(status);
    offerControl(status);
    showChart(runs.items);
    await Promise.all([followChanges(runs.items), showRuns(runs.items), showSilence()]);
    showUpdated();
    showProblem("");
    wait = status.last_run?.status === "running" ? REFRESH_WHILE_RUNNING_MS : REFRESH_MS;
  } finally {
    if (view.isKnown && !document.hidden) {
      view.next = setTimeout(() => report(refresh()), wait);
    }
  }
}

/** Say what went wrong with *work*, in words. */
function report(work) {
  work.catch((error) => {
    if (error instanceof ApiError && error.status === 401) {
      view.isKnown = false;
      clearTimeout(view.next);
      showProblem("");
      askForToken();
    } else if (error instanceof ApiError) {
      showProblem(error.status === 403 ? `${error.sentence} Reading takes the role viewer.` : error.sentence);
    } else {
      console.error(error);
      showProblem("Something went wrong on this page; loading it anew may help.");
    }
  });
}

function showProblem(text) {
  byId("problem").hidden = text === "";
  say(byId("problem"), text);
}

function watchSight() {
  document.addEventListener("visibilitychange", () => {
    clearTimeout(view.next);
    if (document.hidden) {
      return;
    }
    if (view.isKnown) {
      report(refresh());
    } else if (byId("signin").hidden) {
      begin();
    }
  });
}

const refreshNow = () => report(refresh());

watchSignin(begin);
watchControl(report, refresh);
watchExplain(report);
watchChanges(report, refreshNow);
watchRuns(report);
watchSilence(report);
watchChart();
watchSight();
byId("refresh").addEventListener("click", () => (view.isKnown ? refreshNow() : begin()));
setInterval(tellAges, AGES_MS);
begin();
