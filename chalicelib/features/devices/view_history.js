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

const TRANSITIONS = [
  { title: "It became", isHeader: true, cell: ({ isOnline }) => html`<${Chip} code=${isOnline ? "online" : "offline"} tone=${isOnline ? "good" : "bad"} />` },
  { title: "When", class: "breaks", cell: ({ happenedAt }) => html`<${Instant} at=${happenedAt} isBrief />` },
  { title: "In maintenance", cell: ({ inMaintenance }) => (inMaintenance ? "yes" : "–") },
];

/** When it was first heard of, fell silent, and came back. */
export function Transitions({ path }) {
  return html`<${List} path=${`${path}/transitions`} one="change" size=${10} columns=${TRANSITIONS} empty="It has never been heard of." keyOf=${({ transitionId }) => transitionId} />`;
}

const BRIEF = 40;

const CHANGES = [
  { title: "What, when and who", isHeader: true, class: "half", cell: (change) => html`<${Chip} code=${change.action} tone=${TONES[change.action]} /><div><${Instant} at=${change.changedAt} isBrief /></div><${Name}>${change.actor}<//>` },
  { title: "From and to", class: "half", cell: (change) => html`<${Difference} change=${change} />` },
];

export function Changes({ path }) {
  return html`<${List} path=${`${path}/changes`} one="change" size=${10} columns=${CHANGES} empty="Nothing has been done to it." keyOf=${({ changeId }) => changeId} />`;
}

/** What of it is not the same; what is long is to be opened. */
function Difference({ change: { action, before, after } }) {
  const names = action === "changed" ? Object.keys({ ...before, ...after }) : [];
  const line = (name) => {
    const text = `${said(before[name])} → ${said(after[name])}`;
    return text.length > BRIEF
      ? html`<details key=${name}><summary><${Name}>${words(name)}<//></summary><bdi class="whole">${text}</bdi></details>`
      : html`<div key=${name}><span class="quiet"><${Name}>${words(name)}<//></span> <bdi class="whole">${text}</bdi></div>`;
  };
  return names.length > 0 ? names.map(line) : "–";
}

/** "52, 13" of a list, "lat 52, lon 13" of fields. */
function said(value) {
  const parts = Array.isArray(value) ? value : Object.entries(value ?? {}).map((field) => field.join(" "));
  const text = value !== null && typeof value === "object" ? parts.join(", ") : String(value ?? "");
  return visible(text) || "–";
}
