// A value that components watch, wherever they stand.

import { useLayoutEffect, useState } from "./preact_hooks.js";

/** *use* is the hook of a component that shows the value. */
export function store(initial) {
  const watchers = new Set();
  let value = initial;
  return {
    get: () => value,
    set(next) {
      value = next;
      watchers.forEach((watcher) => watcher(next));
    },
    use() {
      const [seen, see] = useState(value);
      useLayoutEffect(() => {
        watchers.add(see);
        see(value);
        return () => watchers.delete(see);
      }, []);
      return seen;
    },
  };
}
