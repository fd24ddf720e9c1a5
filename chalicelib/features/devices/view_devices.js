// All devices that whoever asks may see, found by whatever is known of them.

import { Age, Card, Chip, FilterBar, Listing, Name, Named, addressOf, filtersFrom, html, may, ownerColumns, ownerIn, useAnswer, useOwnerFields } from "./console.js";
import { STATUSES, TONES, deviceAddress } from "./view_words.js";

const MOST_TYPES = 500;

const FIELDS = [
  { name: "q", label: "Text", hint: "name, serial number or id" },
  { name: "status", label: "Status", options: STATUSES },
];

const RARE = [
  { name: "tags", label: "Any tag", hint: "office,building-a" },
  { name: "tagsAll", label: "All tags", hint: "office,building-a" },
  { name: "location", label: "Address", hint: "words of it" },
  { name: "near", label: "Near", hint: "lat,lon,km" },
  { name: "connectivity", label: "Heard of", options: ["online", "offline", "never"] },
  { name: "lifecycle", label: "Lifecycle", options: ["registered", "active"] },
].map((field) => ({ ...field, isRare: true }));

const COLUMNS = [
  { title: "Device", isHeader: true, class: "part", sort: "name", cell: (device) => html`<a href=${deviceAddress(device)}><${Named} name=${device.name} id=${device.deviceId} /></a>` },
  { title: "Status", sort: "status", cell: ({ status }) => html`<${Chip} code=${status} tone=${TONES[status]} />` },
  { title: "Last seen", class: "nowrap", sort: "lastSeen", cell: ({ lastSeen }) => (lastSeen ? html`<${Age} at=${lastSeen} isShort />` : "never") },
  { title: "Type", class: "part", cell: (device) => html`<${Name}>${device.type}<//>` },
  { title: "Address", class: "part", cell: ({ location }) => (location?.address ? html`<${Name}>${location.address}<//>` : "–") },
  { title: "Tags", class: "part", cell: ({ tags }) => (tags.length > 0 ? html`<${Name}>${tags.join(", ")}<//>` : "–") },
  { title: "Since", class: "nowrap", sort: "createdAt", cell: ({ createdAt }) => html`<${Age} at=${createdAt} isShort />` },
];

export function Devices({ query }) {
  const fields = [...useOwnerFields(), ...FIELDS, useTypeField(query), ...RARE];
  const filters = filtersFrom(fields, query);
  const isFiltered = Object.values(filters).some(Boolean);
  const tools = may("operator") && html`<a class="button primary" href=${addressOf(["devices", "new"])}>Register a device</a>`;
  return html`
    <${Card} label="Devices" tools=${tools}>
      <${FilterBar} fields=${fields} query=${query} />
      <${Listing} path="devices" filters=${filters} query=${query} sorted=${["name", "asc"]} one="device" columns=${[...COLUMNS, ...ownerColumns(query)]}
        empty=${isFiltered ? "No device is like that." : "No device is registered yet."} keyOf=${(device) => device.deviceId} />
    <//>
  `;
}

/** Types to choose from; where there are too many, their names are typed. */
function useTypeField(query) {
  const { answer } = useAnswer("device-types", { ...ownerIn(query), pageSize: MOST_TYPES });
  const field = { name: "deviceType", label: "Type" };
  if (answer?.next) {
    return { ...field, hint: "its name" };
  }
  const names = new Set((answer?.items ?? []).map(({ name }) => name));
  return { ...field, any: "any", options: [...names].map((name) => [name, name]) };
}
