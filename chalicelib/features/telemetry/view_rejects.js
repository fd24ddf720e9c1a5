// What devices sent that was not stored, with the reason, and trying it again.

import { Button, Chip, Instant, List, Name, addressOf, heard, html, may, ownerIn, plural, post, refresh, sentenceOf, toast, useOnce, visible } from "./console.js";
import { Owner, isOwnerSaid } from "./view_owner.js";

const LONG = 60; // Characters of a message, of which two lines are in sight.

/** The rejects by *filters*, the newest first, of one device or, where *query* is that of a page, of many. */
export function Rejects({ filters, empty, query }) {
  const why = { title: "Why, and what was sent", isHeader: true, class: "most", cell: (reject) => html`<${Why} reject=${reject} query=${query ?? {}} />` };
  const when = { title: "When", class: "part", cell: (reject) => html`<${When} reject=${reject} />` };
  const from = { title: "Device, and when", class: "part", cell: (reject) => html`<${From} reject=${reject} isOwned=${isOwnerSaid(query)} /><${When} reject=${reject} />` };
  return html`<${List} path="telemetry/rejects" filters=${filters} one="reject" empty=${empty} columns=${[why, query ? from : when]} keyOf=${({ rejectId }) => rejectId} />`;
}

/** Whose it is, is not known where the device is not. */
function From({ reject: { deviceId, organizationId }, isOwned }) {
  return html`
    <div>${deviceId === null ? "No device" : html`<a href=${addressOf(["telemetry", "of", deviceId])}><${Name}>${deviceId}<//></a>`}</div>
    ${isOwned && organizationId !== null && html`<${Owner} id=${organizationId} />`}
  `;
}

const When = ({ reject: { rejectedAt, way } }) => html`<${Instant} at=${rejectedAt} isBrief /> <span class="cell-note">by ${way}</span>`;

function Why({ reject: { rejectId, reason, metric, message, payload, isCut, isQuarantined }, query }) {
  return html`
    <${Chip} code=${reason} tone=${isQuarantined ? "warn" : "bad"} />${metric && html` <${Name}>${metric}<//>`}
    <div><${Name}>${message}<//></div>
    <div class="buttons in-row">
      <details><summary>What was sent</summary><${Payload} message=${message} payload=${payload} isCut=${isCut} /></details>
      ${may("operator") && !isCut && html`<${TryAgain} of=${{ rejectIds: [rejectId] }} query=${query} label=${`Try ${rejectId} again`} />`}
    </div>
  `;
}

/** It may be anything that anybody sends: it is text, and nothing else. */
function Payload({ message, payload, isCut }) {
  return html`
    <code><bdi class="whole">${visible(payload)}</bdi></code>
    ${isCut && html`<p class="quiet">There was more of it: only its beginning is kept, which cannot be tried again.</p>`}
    ${message.length > LONG && html`<p class="quiet"><bdi class="whole">${visible(message)}</bdi></p>`}
  `;
}

/** Has those *of* some filter tried again, and says what became of them. */
export function TryAgain({ of, query, label, children = "Try again" }) {
  const [isBusy, once] = useOnce();
  const tryAgain = () => once(() => triedAgain(of, { parameters: ownerIn(query) })
    .then((replayed) => toast(became(replayed), replayed.cleared > 0 ? "good" : "none"))
    .catch((error) => toast(sentenceOf(heard(error)), "bad"))
    .finally(refresh));
  return html`<${Button} isBusy=${isBusy} onClick=${tryAgain} aria-label=${label}>${children}<//>`;
}

/** What became of all rejects *of* some filter: the API tries some with each request. */
async function triedAgain(of, options) {
  const total = { tried: 0, cleared: 0, stored: 0, corrected: 0 };
  for (let after = undefined; after !== null;) {
    const { next, ...some } = await post("telemetry/rejects/replay", after ? { ...of, after } : of, options);
    for (const name of Object.keys(total)) {
      total[name] += some[name];
    }
    after = next;
  }
  return total;
}

/** "3 rejects tried again. 2 rejects cleared, 8 new readings. 1 reject still wrong." */
function became({ tried, cleared, stored, corrected }) {
  if (tried === 0) {
    return "There was nothing to try again.";
  }
  const still = tried - cleared;
  const parts = [
    `${plural(tried, "reject")} tried again.`,
    cleared > 0 ? `${plural(cleared, "reject")} cleared, ${plural(stored, "new reading")}${corrected > 0 ? `, ${plural(corrected, "corrected")}` : ""}.` : "",
    still > 0 ? `${plural(still, "reject")} still wrong.` : "",
  ];
  return parts.filter(Boolean).join(" ");
}
