// How many there are of each kind, each kind a button that filters.

import { count } from "./format.js";
import { html } from "./html.js";
import { Name } from "./parts.js";
import { useId } from "./preact_hooks.js";

/** *groups*: `{title, counts, chosen, said, onChoose}`; *counts*: `{value, count}`, a value of null is not known. */
export function Groups({ groups, most }) {
  const shown = groups.filter(({ counts }) => counts.length > 0);
  return html`<div class="groups">${shown.map((group) => html`<${Group} key=${group.title} most=${most} ...${group} />`)}</div>`;
}

/** Choosing what is chosen already chooses nothing. */
function Group({ title, counts, chosen, said = (value) => value, onChoose, most }) {
  const id = useId();
  const kind = ({ value }) => html`
    <button type="button" class="plain" aria-pressed=${String(chosen === value)} onClick=${() => onChoose(chosen === value ? "" : value)}>
      <${Name}>${said(value)}<//>
    </button>
  `;
  // What is empty cannot stand in an address.
  const line = (each) => html`
    <li key=${JSON.stringify(each.value)}>
      ${each.value ? kind(each) : html`<span class="quiet">${each.value === null ? "not known" : "empty"}</span>`}
      <span class="numeric">${count(each.count)}</span>
    </li>
  `;
  return html`
    <section aria-labelledby=${id}>
      <h3 id=${id}>${title}${counts.length === most && ` (the first ${most})`}</h3>
      <ul>${counts.map(line)}</ul>
    </section>
  `;
}
