// How this feature's numbers and codes are said and coloured.

import { addressOf, count } from "./console.js";

export const TONES = {
  ok: "good", stale: "warn", guarded: "warn", failing: "bad",
  running: "info", succeeded: "good", failed: "bad",
  added: "good", removed: "orange", renamed: "violet", held: "warn", unresolved: "warn",
  present: "good",
};

export const KINDS = ["added", "removed", "renamed"];

/** "3 added, 1 removed", or null where nothing changed. */
export function changesInWords(deltas) {
  const parts = KINDS.filter((kind) => deltas[kind] > 0).map((kind) => `${count(deltas[kind])} ${kind}`);
  return parts.length > 0 ? parts.join(", ") : null;
}

export const runAddress = (run) => addressOf(["device_parameters", "runs", String(run.run_id)]);

export const pairAddress = (pair) => addressOf(["device_parameters", "pairs", pair.device_id, pair.parameter_id]);
