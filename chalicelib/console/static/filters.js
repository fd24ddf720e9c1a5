// What a list is filtered by. It stands in the address, so that a reload or a link keeps it.

import { words } from "./format.js";
import { html } from "./html.js";
import { useEffect, useId, useRef, useState } from "./preact_hooks.js";
import { setQuery } from "./router.js";

const TYPING_MS = 300;

/** The filters among *query* that *fields* declare, for `List`. */
export function filtersFrom(fields, query) {
  return Object.fromEntries(fields.map(({ name }) => [name, query[name] ?? ""]));
}

/**
 * *fields*: `{name, label, options, any}` to choose from, or `{name, label}` to type into. An option
 * is a text, or `[value, label]`; *any* is said where nothing is chosen. Those that are *isRare* are to be opened.
 */
export function FilterBar({ fields, query }) {
  const isFiltered = fields.some(({ name }) => query[name]);
  const clear = () => setQuery(Object.fromEntries(fields.map(({ name }) => [name, ""])));
  const rare = fields.filter(({ isRare }) => isRare);
  const field = (each) => html`<${each.options ? Choice : Search} key=${each.name} ...${each} value=${query[each.name] ?? ""} />`;
  return html`
    <form class="filters" role="search" onSubmit=${(event) => event.preventDefault()}>
      ${fields.filter(({ isRare }) => !isRare).map(field)}
      ${rare.length > 0 && html`<details class="rare" open=${rare.some(({ name }) => query[name])}><summary>More filters</summary><div class="filters">${rare.map(field)}</div></details>`}
      ${isFiltered && html`<button type="button" class="plain" onClick=${clear}>Show all</button>`}
    </form>
  `;
}

function Choice({ name, label, options, any = "any", value }) {
  const id = useId();
  const known = options.map((option) => (Array.isArray(option) ? option : [option, words(option)]));
  // What the address asks for is shown, even if it is not to be had.
  const extra = value === "" || known.some(([each]) => each === value) ? [] : [[value, value]];
  const option = ([each, said]) => html`<option key=${each} value=${each} selected=${each === value}>${said}</option>`;
  return html`
    <span class="filter">
      <label for=${id}>${label}</label>
      <select id=${id} value=${value} onChange=${(event) => setQuery({ [name]: event.target.value })}>
        ${[["", any], ...known, ...extra].map(option)}
      </select>
    </span>
  `;
}

/** Looks for what is typed once the typing pauses, or at Enter. */
function Search({ name, label, hint, value }) {
  const id = useId();
  const [typed, type] = useState(value);
  const waiting = useRef(null);
  const stop = () => {
    clearTimeout(waiting.current);
    waiting.current = null;
  };
  const look = (text) => {
    stop();
    setQuery({ [name]: text.trim() });
  };
  const soon = (event) => {
    const text = event.target.value;
    stop();
    type(text);
    waiting.current = setTimeout(look, TYPING_MS, text);
  };
  // The address may change by itself, such as at "Show all"; whoever is typing goes on.
  useEffect(() => {
    if (waiting.current === null) {
      type((now) => (now.trim() === value ? now : value));
    }
  }, [value]);
  useEffect(() => stop, []);
  return html`
    <span class="filter">
      <label for=${id}>${label}</label>
      <input id=${id} type="search" value=${typed} placeholder=${hint} autocomplete="off" autocapitalize="off" spellcheck=${false}
        onInput=${soon} onChange=${(event) => look(event.target.value)} />
    </span>
  `;
}
