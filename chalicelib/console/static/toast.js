// News that belongs to no place on the page: said aloud, in sight until somebody closes it.

import { html } from "./html.js";
import { store } from "./store.js";

const MOST = 3;
const BRIEF_MS = 10_000;
const toasts = store([]);
let latest = 0;

/** Say *text*. *tone*: good, bad, or none. */
export function toast(text, tone = "none") {
  latest += 1;
  toasts.set([...toasts.get(), { id: latest, text, tone }].slice(-MOST));
  return latest;
}

/** Say that what the reader did just now is done. They see that besides, so that the news goes by itself. */
export function done(text) {
  setTimeout(close, BRIEF_MS, toast(text, "good"));
}

function close(id) {
  toasts.set(toasts.get().filter((each) => each.id !== id));
}

export function Toasts() {
  const shown = toasts.use().map(({ id, text, tone }) => html`
    <li key=${id} class=${`toast edged tone-${tone}`}>
      <span>${text}</span>
      <button type="button" class="plain" onClick=${() => close(id)}>Close</button>
    </li>
  `);
  return html`<ul class="toasts" role="status" aria-label="News">${shown}</ul>`;
}
