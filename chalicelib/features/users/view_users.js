// The users of an organization, and a form that adds one.

import { Age, Button, Card, Chip, FilterBar, Listing, Name, filtersFrom, html, ownerColumns, useOwnerFields, useState } from "./console.js";
import { NewUser } from "./view_new.js";
import { ROLES, TONES, userAddress } from "./view_words.js";

const FIELDS = [{ name: "role", label: "Role", options: ROLES }];

const COLUMNS = [
  { title: "Name", isHeader: true, class: "part", sort: "name", cell: (user) => html`<a href=${userAddress(user)}><${Name}>${user.name}<//></a>` },
  { title: "Role", sort: "role", cell: (user) => user.role },
  { title: "Signing in", cell: ({ identity }) => html`<${Chip} code=${identity.status} tone=${TONES[identity.status]} />` },
  { title: "E-mail", class: "part", sort: "email", cell: (user) => html`<${Name}>${user.email}<//>` },
  { title: "Since", class: "nowrap", sort: "createdAt", cell: (user) => html`<${Age} at=${user.createdAt} />` },
];

export function Users({ query }) {
  const [isAdding, add] = useState(false);
  const fields = [...useOwnerFields(), ...FIELDS];
  const filters = filtersFrom(fields, query);
  const isFiltered = Object.values(filters).some(Boolean);
  const tools = html`<${Button} tone="primary" onClick=${() => add(true)}>Add a user…<//>`;
  return html`
    <${Card} label="Users" tools=${tools}>
      <${FilterBar} fields=${fields} query=${query} />
      <${Listing} path="users" filters=${filters} query=${query} sorted=${["name", "asc"]} one="user" columns=${[...COLUMNS, ...ownerColumns(query)]}
        empty=${isFiltered ? "No user is like that." : "There is no user yet."} keyOf=${(user) => user.userId} />
      <${NewUser} isOpen=${isAdding} onClose=${() => add(false)} query=${query} />
    <//>
  `;
}
