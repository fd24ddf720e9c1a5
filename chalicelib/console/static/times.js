// Instants and their ages, which grow while they are looked at.

import { age, shortAge, utc } from "./format.js";
import { html } from "./html.js";
import { store } from "./store.js";

const AGES_MS = 10_000;

const tick = store(0);
setInterval(() => tick.set(tick.get() + 1), AGES_MS);

/** What the time is; whoever asks is drawn anew as it passes. */
export function useNow() {
  tick.use();
  return Date.now();
}

/** Only how long ago *at* was; the instant itself is the tooltip. */
export function Age({ at, isShort = false }) {
  tick.use();
  return html`<time class="age" datetime=${at} title=${`${utc(at)} UTC`}>${isShort ? shortAge(at) : age(at)}</time>`;
}

/** An instant in UTC and how long ago that was; *isBrief* leaves out the year and the seconds. */
export function Instant({ at, isBrief = false }) {
  const shown = isBrief ? utc(at).slice(5, 16) : utc(at);
  return html`
    <span class="instant"><time class="nowrap" datetime=${at} title=${`${utc(at)} UTC`}>${shown}</time>
    ${" "}<${Age} at=${at} isShort=${isBrief} /></span>
  `;
}
