// How this feature's numbers and codes are said and coloured.

import { addressOf, count } from "./console.js";

export const TONES = {
  ok: "good", stale: "warn", guarded: "warn", failing: "bad",
  running: "info", succeeded: "good", failed: "bad",
  added: "good", removed: "orange", renamed: "violet", held: "warn", unresolved: "warn",
  present: "good",
};

export const KINDS = ["added", "removed", "renamed"];

export const REASONS = ["device_unknown", "device_inactive", "parameter_unknown", "window_expired"];

/** What a removal is held for: too much of it had fallen silent at once. */
export const SCOPES = { table: "the whole table", site: "its site", device_type: "its device type", window: "a narrow window" };

/** "3 added, 1 removed", or null where nothing changed. */
export function changesInWords(deltas) {
  const parts = KINDS.filter((kind) => deltas[kind] > 0).map((kind) => `${count(deltas[kind])} ${kind}`);
  return parts.length > 0 ? parts.join(", ") : null;
}

export const runAddress = (run) => addressOf(["device_parameters", "runs", String(run.run_id)]);

export const pairAddress = (pair) => addressOf(["device_parameters", "pairs", pair.device_id, pair.parameter_id]);

export const removalsAddress = () => addressOf(["device_parameters", "removals"]);
