// What a device reports, and what was done to it.

import { Age, Chip, Instant, List, Name, Named, addressOf, html, isOfPlatform, visible, words } from "./console.js";
import { TONES } from "./view_words.js";

/** As far as the sync knows; the platform's own people can ask why a pair is there. */
export function Reports({ deviceId, path }) {
  const pair = ({ parameterId }) => addressOf(["device_parameters", "pairs", deviceId, parameterId]);
  const named = (parameter) => html`<${Named} name=${parameter.name} id=${parameter.parameterId} />`;
  const columns = [
    { title: "Parameter", isHeader: true, class: "most", cell: (parameter) => (isOfPlatform() ? html`<a href=${pair(parameter)}>${named(parameter)}</a>` : named(parameter)) },
    { title: "Since", class: "nowrap", cell: ({ since }) => html`<${Age} at=${since} />` },
  ];
  return html`<${List} path=${`${path}/parameters`} one="parameter" columns=${columns} empty="Nothing that the sync has seen. It looks once an hour." keyOf=${({ parameterId }) => parameterId} />`;
}

const CHANGES = [
  { title: "What, when and who", isHeader: true, class: "half", cell: (change) => html`<${Chip} code=${change.action} tone=${TONES[change.action]} /><div><${Instant} at=${change.changedAt} isBrief /></div><${Name}>${change.actor}<//>` },
  { title: "From and to", class: "half", cell: (change) => html`<${Difference} change=${change} />` },
];

export function Changes({ path }) {
  return html`<${List} path=${`${path}/changes`} one="change" size=${10} columns=${CHANGES} empty="Nothing has been done to it." keyOf=${({ changeId }) => changeId} />`;
}

function Difference({ change: { action, before, after } }) {
  const names = action === "changed" ? Object.keys({ ...before, ...after }) : [];
  const line = (name) => html`<div key=${name} class="whole"><span class="quiet">${words(name)}</span> <bdi>${said(before[name])}</bdi> → <bdi>${said(after[name])}</bdi></div>`;
  return names.length > 0 ? names.map(line) : "–";
}

function said(value) {
  const isNothing = value === null || value === undefined || (typeof value === "object" && Object.keys(value).length === 0);
  return isNothing ? "–" : visible(typeof value === "string" ? value : JSON.stringify(value));
}
