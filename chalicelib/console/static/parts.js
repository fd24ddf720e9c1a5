// Small parts that every view is made of.

import { count, visible, words } from "./format.js";
import { html } from "./html.js";
import { useId } from "./preact_hooks.js";

/** A box with a heading of its own, or a *label* that is heard only; *tools* stand opposite the heading. */
export function Card({ title, tools, isWide, label, children, sectionRef, tone }) {
  const id = useId();
  return html`
    <section class=${classes("card", isWide && "wide", tone && `edged tone-${tone}`)} ref=${sectionRef} tabindex=${sectionRef ? -1 : undefined}
      aria-labelledby=${title ? id : undefined} aria-label=${title ? undefined : label}>
      ${(title || tools) && html`<div class="card-head">${title && html`<h2 id=${id}>${title}</h2>`}${tools}</div>`}
      ${children}
    </section>
  `;
}

/** A state or status in words. *tone*: good, warn, bad, info, orange, violet, or none. */
export function Chip({ code, tone = "none", isLarge = false }) {
  return html`<span class=${classes("chip", `tone-${tone}`, isLarge && "chip-large")}>${words(code)}</span>`;
}

/** A number that stands out where it is not zero, in the colour of *tone* if there is one. */
export function Count({ value, tone = "plain" }) {
  return html`<span class=${value > 0 ? `count tone-${tone}` : "none"}>${count(value)}</span>`;
}

/** Facts by name: *facts* are `[name, value]`; a value of null or undefined leaves its fact out. */
export function Facts({ facts, label }) {
  const known = facts.filter(([, value]) => value !== null && value !== undefined);
  const lines = known.map(([name, value]) => html`<div key=${name}><dt>${name}</dt><dd>${value}</dd></div>`);
  return html`<dl class="facts" aria-label=${label}>${lines}</dl>`;
}

/** Numbers side by side: *tiles* are `{name, value, tone, hint}`. */
export function Tiles({ tiles, label }) {
  const tile = ({ name, value, tone, hint }) => html`
    <div key=${name} class="tile" title=${hint}><dt>${name}</dt><dd><${Count} value=${value} tone=${tone} /></dd></div>
  `;
  return html`<dl class="tiles" aria-label=${label}>${tiles.map(tile)}</dl>`;
}

/** A name that somebody else chose: cut where it is too long, kept from turning its surroundings. */
export function Name({ children }) {
  const shown = visible(children);
  return html`<bdi class="name" title=${shown}>${shown}</bdi>`;
}

/** A name, and below it the id where that is another. */
export function Named({ name, id }) {
  const shown = name ?? id;
  return html`<span class="named"><${Name}>${shown}<//>${shown !== id && html` <bdi class="id name" title=${visible(id)}>${visible(id)}</bdi>`}</span>`;
}

export const classes = (...names) => names.filter(Boolean).join(" ");
