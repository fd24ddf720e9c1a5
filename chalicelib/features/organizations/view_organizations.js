// All organizations, and a form that adds one.

import { Age, Button, Card, Chip, Field, FilterBar, FormDialog, Listing, Named, addressOf, done, filtersFrom, html, may, post, refresh, useEffect, useState } from "./console.js";

export const TONES = { active: "good", suspended: "warn" };

const FIELDS = [{ name: "status", label: "Status", options: Object.keys(TONES) }];

const COLUMNS = [
  { title: "Name", isHeader: true, class: "most", sort: "name", cell: (organization) => html`<a href=${addressOf(["organizations", organization.organizationId])}><${Named} name=${organization.name} id=${organization.organizationId} /></a>` },
  { title: "Status", cell: ({ status }) => html`<${Chip} code=${status} tone=${TONES[status]} />` },
  { title: "Since", class: "nowrap", sort: "createdAt", cell: ({ createdAt }) => html`<${Age} at=${createdAt} />` },
];

export function Organizations({ query }) {
  const [isAdding, add] = useState(false);
  const filters = filtersFrom(FIELDS, query);
  const tools = may("admin") && html`<${Button} tone="primary" onClick=${() => add(true)}>Add an organization…<//>`;
  return html`
    <${Card} label="Organizations" tools=${tools}>
      <${FilterBar} fields=${FIELDS} query=${query} />
      <${Listing} path="organizations" filters=${filters} query=${query} sorted=${["name", "asc"]} one="organization" columns=${COLUMNS}
        empty=${filters.status ? "No organization is like that." : "There is no organization yet."} keyOf=${({ organizationId }) => organizationId} />
      <${NewOrganization} isOpen=${isAdding} onClose=${() => add(false)} />
    <//>
  `;
}

function NewOrganization({ isOpen, onClose }) {
  const [name, setName] = useState("");
  const [id, setId] = useState("");
  useEffect(() => {
    setName("");
    setId("");
  }, [isOpen]);
  const work = async (key) => {
    const made = await post("organizations", { name: name.trim(), ...(id.trim() && { organizationId: id.trim() }) }, { key });
    done(`The organization ${made.name} is there.`);
    refresh();
  };
  return html`
    <${FormDialog} title="Add an organization" yes="Add" isOpen=${isOpen} onClose=${onClose} work=${work}>
      ${(problemOf) => html`
        <${Field} label="Name" required maxlength="100" autocomplete="off" value=${name} onValue=${setName} problem=${problemOf("name")} />
        <${Field} label="Id" maxlength="64" autocomplete="off" autocapitalize="off" spellcheck=${false} hint="Where tokens name the organization by one already; otherwise one is made."
          value=${id} onValue=${setId} problem=${problemOf("organizationId")} />
      `}
    <//>
  `;
}
