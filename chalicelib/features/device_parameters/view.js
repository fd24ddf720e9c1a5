// The sync on the console: its state, what is held, runs and their changes, and the pairs.

import { addressOf } from "./console.js";
import { RunsChart } from "./view_chart.js";
import { Pair } from "./view_pair.js";
import { Pairs } from "./view_pairs.js";
import { Removals } from "./view_removals.js";
import { Run, Runs } from "./view_runs.js";
import { SyncState } from "./view_state.js";
import { Sync } from "./view_sync.js";

export const view = {
  title: "Device parameters",
  order: 10,
  scope: "platform",
  pages: [
    { path: "", title: "Sync", isListed: true, Component: Sync },
    { path: "removals", title: "Removals", isListed: true, Component: Removals },
    { path: "runs", title: "Runs", isListed: true, Component: Runs },
    { path: "runs/:run_id", title: ({ run_id }) => `Run ${run_id}`, Component: Run },
    { path: "pairs", title: "Pairs", isListed: true, Component: Pairs },
    { path: "pairs/:device_id/:parameter_id", title: () => "Why is a pair there, or not?", Component: Pair },
  ],
  panels: [
    { title: "Sync", isWide: true, Component: SyncState },
    { title: "Additions and removals", isWide: true, path: "runs", Component: RunsChart },
  ],
  formerly: pairInLink,
};

/** Links such as `#pair=d-1/temp` were given out before there was more than one page. */
function pairInLink(hash) {
  const found = /^#pair=([^/]+)\/([^/]+)$/.exec(hash);
  try {
    return found && addressOf(["device_parameters", "pairs", ...found.slice(1).map(decodeURIComponent)]);
  } catch {
    return null; // A link that was cut in the middle of an escape.
  }
}
