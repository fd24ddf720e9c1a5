// Who did what, for admins.

import { Card, FilterBar, Instant, List, Name, filtersFrom, html, ownerIn, useOwnerFields, visible } from "./console.js";

const BRIEF = 60;

const FIELDS = [
  { name: "actor", label: "Who", hint: "such as token:oncall" },
  { name: "action", label: "What", hint: "such as run.forced" },
  { name: "subject", label: "To what", hint: "such as run 42" },
];

const named = (text) => (text === null ? "–" : html`<${Name}>${text}<//>`);

const COLUMNS = [
  { title: "When", isHeader: true, class: "breaks", cell: (entry) => html`<${Instant} at=${entry.occurred_at} isBrief />` },
  { title: "Who", class: "part", cell: (entry) => named(entry.actor) },
  { title: "What", class: "part", cell: (entry) => named(entry.action) },
  { title: "To what", class: "part", cell: (entry) => named(entry.subject) },
  { title: "Comment", class: "part", cell: (entry) => named(entry.comment) },
  { title: "Before and after", class: "half", cell: factsOf },
];

export const view = {
  title: "Audit",
  order: 90,
  pages: [{ path: "", title: "Audit", isListed: true, least: "admin", Component: Audit }],
};

function Audit({ query }) {
  const fields = [...useOwnerFields(), ...FIELDS];
  const filters = { ...filtersFrom(FIELDS, query), organization_id: ownerIn(query).organizationId };
  const isFiltered = Object.values(filters).some(Boolean);
  return html`
    <${Card} label="Audit">
      <${FilterBar} fields=${fields} query=${query} />
      <${List} path="audit" filters=${filters} one="entry" many="entries" columns=${COLUMNS} keyOf=${(entry) => entry.audit_id}
        empty=${isFiltered ? "No entry is like that." : "Nobody has done anything yet."} />
    <//>
  `;
}

/** What is known of the subject before and after, as JSON; what is long is to be opened. */
function factsOf({ before, after }) {
  const known = [["before", before], ["after", after]].filter(([, facts]) => facts !== null);
  return known.length > 0 ? known.map(([title, facts]) => lineOf(title, JSON.stringify(facts))) : "–";
}

function lineOf(title, json) {
  const text = html`<bdi class="whole">${visible(json)}</bdi>`;
  return json.length > BRIEF
    ? html`<details key=${title}><summary>${title}</summary>${text}</details>`
    : html`<div key=${title}><span class="quiet">${title}</span> ${text}</div>`;
}
