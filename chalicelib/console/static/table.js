// A table in a box that scrolls by itself, so that the page never does sideways.

import { html } from "./html.js";
import { classes } from "./parts.js";

const ORDERS = { asc: "ascending", desc: "descending" };

/**
 * *columns*: `{title, cell(row), isHeader, isNumeric, class, sort}`; *keyOf* names a row for good. With *sorting*,
 * `{by, order, onSort}`, the columns that have a `sort`, which names it, are buttons that sort by it.
 */
export function Table({ caption, columns, rows, keyOf, boxRef, sorting }) {
  return html`
    <div class="scroll" role="region" aria-label=${caption} tabindex="0" ref=${boxRef}>
      <table>
        <caption class="visually-hidden">${caption}</caption>
        <thead><tr>${columns.map((column) => headOf(column, sorting))}</tr></thead>
        <tbody>${rows.map((row) => html`<tr key=${keyOf(row)}>${columns.map((column) => cellOf(column, row))}</tr>`)}</tbody>
      </table>
    </div>
  `;
}

function headOf(column, sorting) {
  if (!sorting || !column.sort) {
    return html`<th key=${column.title} scope="col" class=${classOf(column)}>${column.title}</th>`;
  }
  const isBy = sorting.by === column.sort;
  const sort = () => sorting.onSort(column.sort, isBy && sorting.order === "asc" ? "desc" : "asc");
  return html`
    <th key=${column.title} scope="col" class=${classOf(column)} aria-sort=${isBy ? ORDERS[sorting.order] : undefined}>
      <button type="button" class="sort" onClick=${sort}>${column.title}</button>
    </th>
  `;
}

function cellOf(column, row) {
  const content = column.cell(row);
  return column.isHeader
    ? html`<th key=${column.title} scope="row" class=${classOf(column)}>${content}</th>`
    : html`<td key=${column.title} class=${classOf(column)}>${content}</td>`;
}

const classOf = (column) => classes(column.isNumeric && "numeric", column.class) || undefined;
