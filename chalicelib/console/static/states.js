// What stands where there is nothing to show: not yet, nothing found, or something went wrong.

import { ApiError } from "./api.js";
import { html } from "./html.js";
import { roleOf } from "./session.js";

const OURS = "Something went wrong on this page; loading it anew may help.";

/** What to say of *error*. */
export function sentenceOf(error) {
  if (!(error instanceof ApiError)) {
    return OURS;
  }
  return error.status === 403 ? `${error.sentence} Your role is ${roleOf()}.` : error.sentence;
}

export function Failure({ error }) {
  return html`<div class="notice notice-bad" role="alert">${sentenceOf(error)}</div>`;
}

export function Loading({ lines = 3 }) {
  const rows = Array.from({ length: lines }, (_, index) => html`<span key=${index} class="bone"></span>`);
  return html`<p class="loading"><span class="visually-hidden">Loading…</span>${rows}</p>`;
}

export function Empty({ children }) {
  return html`<p class="empty">${children}</p>`;
}

/** Stands for a page whose module could not be loaded. */
export function Unavailable() {
  return html`<div class="notice notice-bad" role="alert">
    This part of the console could not be loaded. Everything else works; loading the page anew may help.
  </div>`;
}

/** *children(answer)* once there is an answer, with what went wrong since above it. */
export function Answered({ of: { answer, error }, children, lines }) {
  return html`
    ${error && html`<${Failure} error=${error} />`}
    ${answer ? children(answer) : !error && html`<${Loading} lines=${lines} />`}
  `;
}
