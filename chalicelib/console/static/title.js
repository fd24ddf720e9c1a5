// The title of the tab: what a page has to report, its name, and the application's.

import { useEffect } from "./preact_hooks.js";
import { store } from "./store.js";

const APPLICATION = "device-parameters";
const note = store("");

/** Put *text* before the title of the tab while the component is there, such as the state of the whole. */
export function useTitleNote(text) {
  useEffect(() => {
    note.set(text);
    return () => note.set("");
  }, [text]);
}

export function useTitle(page) {
  const reported = note.use();
  useEffect(() => {
    document.title = [reported, page, APPLICATION].filter(Boolean).join(" · ");
  }, [reported, page]);
}
