// All device types that whoever asks can use.

import { Age, Card, Chip, FilterBar, Listing, Name, addressOf, count, filtersFrom, html, may, ownerColumns, useOwnerFields } from "./console.js";
import { everySaid, typeAddress } from "./view_words.js";

const FIELDS = [
  { name: "name", label: "Name", hint: "part of a name" },
  { name: "isShared", label: "Whose", any: "all", options: [["false", "an organization's own"], ["true", "shared by the platform"]] },
];

const COLUMNS = [
  { title: "Name", isHeader: true, class: "half", sort: "name", cell: (type) => html`<a href=${typeAddress(type)}><${Name}>${type.name}<//></a> ${type.isShared && html`<${Chip} code="shared" tone="info" />`}` },
  { title: "Reports", class: "nowrap", cell: (type) => everySaid(type.reportingIntervalSeconds) },
  { title: "Metrics", isNumeric: true, cell: (type) => count(type.metricCount) },
  { title: "Since", class: "nowrap", sort: "createdAt", cell: (type) => html`<${Age} at=${type.createdAt} />` },
];

export function DeviceTypes({ query }) {
  const fields = [...useOwnerFields(), ...FIELDS];
  const filters = filtersFrom(fields, query);
  const isFiltered = Object.values(filters).some(Boolean);
  const tools = may("admin") && html`<a class="button primary" href=${addressOf(["device_types", "new"])}>Add a device type</a>`;
  return html`
    <${Card} label="Device types" tools=${tools}>
      <${FilterBar} fields=${fields} query=${query} />
      <${Listing} path="device-types" filters=${filters} query=${query} sorted=${["name", "asc"]} one="device type" columns=${[...COLUMNS, ...ownerColumns(query)]}
        empty=${isFiltered ? "No device type is like that." : "There is no device type yet."} keyOf=${(type) => type.deviceTypeId} />
    <//>
  `;
}
