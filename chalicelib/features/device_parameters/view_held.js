// The held removals one by one; some of them can be selected and released.

import { Age, Button, Chip, List, Name, Named, html, may, plural, useState, words } from "./console.js";
import { SCOPES, pairAddress, runAddress } from "./view_words.js";

const MOST = 500; // What one request takes.

const COLUMNS = [
  { title: "Device", isHeader: true, class: "half", cell: (held) => html`<a href=${pairAddress(held)}><${Named} name=${held.device_name} id=${held.device_id} /></a>` },
  { title: "Parameter", class: "half", cell: (held) => html`<${Named} name=${held.parameter_name} id=${held.parameter_id} />` },
  { title: "Reason", class: "part", cell: ({ reason, scope }) => html`${words(reason)} <span class="cell-note">held for ${SCOPES[scope] ?? scope}</span>` },
  { title: "Site, type", class: "part", cell: placeOf },
  { title: "Last seen", class: "nowrap", cell: ({ last_seen_at: at }) => (at ? html`<${Age} at=${at} />` : "–") },
  { title: "Held", class: "part", cell: heldSince },
];

/** A row is another one once anything of it has changed: what was selected is what was seen. */
const keyOf = (held) => JSON.stringify([held.device_id, held.parameter_id, held.reason, held.scope, held.site_id, held.device_type_id, held.held_at]);

const isWaiting = (held) => held.released_at === null;

/** *onRelease(pairs)* is given those that are selected; *isReviewed* says whether there is a review to bind them to. */
export function HeldList({ filters, isReviewed, onRelease }) {
  const [selected, select] = useState(() => new Set());
  const set = (keys, isSelected) => select((before) => changed(before, keys, isSelected));
  const isFiltered = Object.values(filters).some(Boolean);
  const tools = (items) => html`<${Selection} items=${items.filter(isWaiting)} selected=${selected} set=${set} isReviewed=${isReviewed} onRelease=${onRelease} />`;
  return html`
    <${List} path="removals" filters=${filters} one="removal" size=${50} keyOf=${keyOf}
      columns=${may("admin") ? [checkboxes(selected, set), ...COLUMNS] : COLUMNS} toolsFor=${may("admin") ? tools : undefined}
      empty=${isFiltered ? "No held removal is like that." : "Nothing is held."} />
  `;
}

function changed(before, keys, isSelected) {
  const after = new Set(before);
  keys.forEach((key) => (isSelected ? after.add(key) : after.delete(key)));
  return after;
}

function checkboxes(selected, set) {
  const cell = (held) => isWaiting(held) && html`
    <input type="checkbox" aria-label=${`Select ${held.device_name}, ${held.parameter_name}`} checked=${selected.has(keyOf(held))}
      onChange=${(event) => set([keyOf(held)], event.target.checked)} />
  `;
  return { title: "Select", cell };
}

/** What is selected and in sight still, and what can be done with it. */
function Selection({ items, selected, set, isReviewed, onRelease }) {
  const chosen = items.filter((held) => selected.has(keyOf(held)));
  const isTooMuch = chosen.length > MOST;
  const pairs = () => chosen.map(({ device_id, parameter_id }) => ({ device_id, parameter_id }));
  const all = () => set(items.slice(0, MOST).map(keyOf), true);
  return html`
    <div class="buttons">
      ${items.length > 0 && html`<${Button} onClick=${all}>Select all in sight<//>`}
      ${chosen.length > 0 && html`
        <${Button} onClick=${() => set([...selected], false)}>Select none<//>
        <${Button} tone="danger" isBusy=${isTooMuch || !isReviewed} onClick=${() => onRelease(pairs())}>Release ${plural(chosen.length, "selected removal")}…<//>
      `}
      ${isTooMuch && html`<p class="bad-text" role="alert">At most ${MOST} can be released by name at once.</p>`}
    </div>
  `;
}

function placeOf({ site_id: site, device_type_id: type }) {
  const known = site ?? type;
  return known === null ? "–" : html`<span class="named">${site !== null && html`<${Name}>${site}<//>`}${type !== null && html`<span class="id"><${Name}>${type}<//></span>`}</span>`;
}

/** Since when and by which run; once it is released, by whom: the next run removes it. */
function heldSince(held) {
  return html`
    <${Age} at=${held.held_at} /> <span class="cell-note">by <a href=${runAddress(held)}>run ${held.run_id}</a></span>
    ${!isWaiting(held) && html`<${Chip} code="released" tone="good" /> <span class="cell-note"><${Age} at=${held.released_at} /> by <${Name}>${held.released_by}<//></span>`}
  `;
}
