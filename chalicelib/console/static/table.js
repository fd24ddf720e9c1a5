// A table in a box that scrolls by itself, so that the page never does sideways.

import { html } from "./html.js";
import { classes } from "./parts.js";

/** *columns*: `{title, cell(row), isHeader, isNumeric, class}`; *keyOf* names a row for good. */
export function Table({ caption, columns, rows, keyOf, boxRef }) {
  return html`
    <div class="scroll" role="region" aria-label=${caption} tabindex="0" ref=${boxRef}>
      <table>
        <caption class="visually-hidden">${caption}</caption>
        <thead><tr>${columns.map(headOf)}</tr></thead>
        <tbody>${rows.map((row) => html`<tr key=${keyOf(row)}>${columns.map((column) => cellOf(column, row))}</tr>`)}</tbody>
      </table>
    </div>
  `;
}

function headOf(column) {
  return html`<th key=${column.title} scope="col" class=${classOf(column)}>${column.title}</th>`;
}

function cellOf(column, row) {
  const content = column.cell(row);
  return column.isHeader
    ? html`<th key=${column.title} scope="row" class=${classOf(column)}>${content}</th>`
    : html`<td key=${column.title} class=${classOf(column)}>${content}</td>`;
}

const classOf = (column) => classes(column.isNumeric && "numeric", column.class) || undefined;
