// A list of the API by numbered pages. Which page, and by what it is sorted, stand in the address.

import { useAnswer } from "./answers.js";
import { count, plural } from "./format.js";
import { html } from "./html.js";
import { useEffect, useRef } from "./preact_hooks.js";
import { addressWith, setQuery } from "./router.js";
import { Empty, Failure, Loading } from "./states.js";
import { Table } from "./table.js";

const DEPTH = 10_000; // No numbered page reaches further.

/**
 * A page of GET *path* by *filters*; *query* is the page's. *sorted* is `[by, order]`, as the API sorts where nobody
 * says how; columns that have a `sort` can be sorted by. *one*, *many*, *empty*, *columns* and *keyOf* are those of `List`.
 */
export function Listing({ path, filters = {}, query, sorted: [usual, usualOrder], one, many = `${one}s`, empty, columns, keyOf }) {
  const { page, sortBy, sortOrder } = query;
  const { answer, error } = useAnswer(path, { ...filters, page, sortBy, sortOrder });
  const place = useFocusOnTurn(page, answer !== null);
  const sorting = { by: sortBy ?? usual, order: sortOrder ?? (sortBy ? "asc" : usualOrder), onSort: (by, order) => setQuery({ sortBy: by, sortOrder: order }) };
  return html`
    <div ref=${place} tabindex="-1" class="place">
      ${error && html`<${Failure} error=${error} />`}
      ${!answer && !error && html`<${Loading} lines=${6} />`}
      ${answer?.items.length === 0 && html`<${Empty}>${answer.pagination.totalItems > 0 ? html`There is no such page. <a href=${addressWith({ page: "" })}>Go to the first</a>` : empty}<//>`}
      ${answer?.items.length > 0 && html`
        <${Table} caption=${`${plural(answer.pagination.totalItems, one, many)}, page ${answer.pagination.page}`} columns=${columns} rows=${answer.items} keyOf=${keyOf} sorting=${sorting} />
      `}
    </div>
    ${answer?.items.length > 0 && html`<${Pager} answer=${answer} one=${one} many=${many} />`}
  `;
}

function Pager({ answer: { items, pagination }, one, many }) {
  const { page, pageSize, totalItems, totalPages } = pagination;
  const before = (page - 1) * pageSize;
  const isAll = items.length === totalItems;
  const isDeep = pagination.hasNext && (page + 1) * pageSize > DEPTH;
  const range = `${count(before + 1)} to ${count(before + items.length)} of ${plural(totalItems, one, many)}.`;
  return html`
    <div class="list-foot">
      <p class="quiet" role="status">${isAll ? `${plural(totalItems, one, many)}.` : range}${isDeep && ` Pages end at ${count(DEPTH)}: filter to see others.`}</p>
      ${!isAll && html`
        <nav class="pager" aria-label="Pages">
          ${page > 1 && html`<a href=${addressWith({ page: page === 2 ? "" : page - 1 })} rel="prev">Previous</a>`}
          <span class="quiet">Page ${count(page)} of ${count(totalPages)}</span>
          ${pagination.hasNext && !isDeep && html`<a href=${addressWith({ page: page + 1 })} rel="next">Next</a>`}
        </nav>
      `}
    </div>
  `;
}

/** Whoever turns to another page is at the beginning of it, once it is there. */
function useFocusOnTurn(page, isThere) {
  const place = useRef();
  const shown = useRef(page);
  useEffect(() => {
    if (isThere && shown.current !== page) {
      shown.current = page;
      // Whoever filters anew comes to the first page as well, and goes on typing.
      if (document.activeElement === document.body || place.current.parentElement.contains(document.activeElement) && document.activeElement.closest(".pager")) {
        place.current.focus({ preventScroll: true });
        place.current.scrollIntoView({ block: "nearest" });
      }
    }
  }, [page, isThere]);
  return place;
}
