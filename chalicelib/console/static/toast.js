// News that belongs to no place on the page: said aloud, in sight until somebody closes it.

import { html } from "./html.js";
import { store } from "./store.js";

const MOST = 3;
const toasts = store([]);
let latest = 0;

/** Say *text*. *tone*: good, bad, or none. */
export function toast(text, tone = "none") {
  latest += 1;
  toasts.set([...toasts.get(), { id: latest, text, tone }].slice(-MOST));
}

export function Toasts() {
  const close = (id) => toasts.set(toasts.get().filter((each) => each.id !== id));
  const shown = toasts.use().map(({ id, text, tone }) => html`
    <li key=${id} class=${`toast edged tone-${tone}`}>
      <span>${text}</span>
      <button type="button" class="plain" onClick=${() => close(id)}>Close</button>
    </li>
  `);
  return html`<ul class="toasts" role="status" aria-label="News">${shown}</ul>`;
}
