// The console looks again every minute while somebody can see it, and when somebody asks for it.

import { useEffect } from "./preact_hooks.js";
import { store } from "./store.js";

const EVERY_MS = 60_000;

/** Rises with each look: whoever shows an answer of the API asks anew. */
export const turn = store(0);

/** When an answer came last. */
export const lookedAt = store(null);

export const refresh = () => turn.set(turn.get() + 1);

/** Refresh every *milliseconds* while *isWanted*, such as while a run is under way. */
export function useRefreshEvery(milliseconds, isWanted) {
  useEffect(() => {
    if (isWanted) {
      const timer = setInterval(() => document.hidden || refresh(), milliseconds);
      return () => clearInterval(timer);
    }
  }, [milliseconds, isWanted]);
}

/** Call *look* every minute while the page is in sight, and at once when it comes into sight. */
export function watchSight(look) {
  let next = null;
  const wait = () => {
    clearTimeout(next);
    if (!document.hidden) {
      next = setTimeout(lookAndWait, EVERY_MS);
    }
  };
  const lookAndWait = () => {
    look();
    wait();
  };
  document.addEventListener("visibilitychange", () => (document.hidden ? wait() : lookAndWait()));
  wait();
}
