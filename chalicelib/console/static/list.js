// A list of the API: its first page, more of it on request, and in words how much is in sight.

import { useList } from "./answers.js";
import { plural } from "./format.js";
import { html } from "./html.js";
import { useEffect, useRef } from "./preact_hooks.js";
import { Empty, Failure, Loading } from "./states.js";
import { Table } from "./table.js";

/**
 * The items of GET *path* by *filters*, *size* at a time. *one* and *many* name an item ("run"),
 * *empty* is said where there is none; *columns* and *keyOf* are those of `Table`; *toolsFor(items)* stands
 * above the table, if it is given.
 */
export function List({ path, filters = {}, size = 25, one, many = `${one}s`, empty, columns, keyOf, toolsFor }) {
  const { items, next, error, isBusy, more } = useList(path, filters, size);
  const box = useFocusAtEnd(next);
  return html`
    ${error && html`<${Failure} error=${error} />`}
    ${items === null && !error && html`<${Loading} lines=${Math.min(size, 6)} />`}
    ${items?.length === 0 && html`<${Empty}>${empty}<//>`}
    ${items?.length > 0 && toolsFor?.(items)}
    ${items?.length > 0 && html`
      <${Table} caption=${plural(items.length, one, many)} columns=${columns} rows=${items} keyOf=${keyOf} boxRef=${box} />
    `}
    <div class="list-foot">
      <p class="quiet" role="status">${items?.length > 0 && said(items.length, next, one, many)}</p>
      ${next && html`<button type="button" aria-disabled=${String(isBusy)} onClick=${() => isBusy || more()}>More of them</button>`}
    </div>
  `;
}

const said = (length, next, one, many) => (next ? `The first ${plural(length, one, many)}.` : `${plural(length, one, many)}.`);

/** Where the button that asked for more is gone, the focus would be lost: it goes to the table. */
function useFocusAtEnd(next) {
  const box = useRef();
  const before = useRef(next);
  useEffect(() => {
    if (before.current && !next && document.activeElement === document.body) {
      box.current?.focus({ preventScroll: true });
    }
    before.current = next;
  }, [next]);
  return box;
}
