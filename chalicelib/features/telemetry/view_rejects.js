// What devices sent that was not stored, with the reason, and trying it again.

import { Button, Chip, Instant, List, Name, addressOf, heard, html, may, ownerIn, plural, post, refresh, sentenceOf, toast, useOnce } from "./console.js";

const deviceOf = ({ deviceId }) => html`<a href=${addressOf(["telemetry", "of", deviceId])}><${Name}>${deviceId}<//></a>`;

export const DEVICE = { title: "Device", class: "part", cell: (reject) => (reject.deviceId ? deviceOf(reject) : "–") };

const WHY = { title: "Why, and what was sent", isHeader: true, class: "most", cell: (reject) => html`<${Why} reject=${reject} />` };
const WHEN = { title: "When", class: "breaks", cell: ({ rejectedAt, way }) => html`<${Instant} at=${rejectedAt} isBrief /> <span class="cell-note">by ${way}</span>` };

/** The rejects by *filters*, the newest first; *columns* stand behind the reason. */
export function Rejects({ filters, columns, query = {} }) {
  const again = { title: "Again", cell: ({ rejectId, isCut }) => !isCut && html`<${TryAgain} of=${{ rejectIds: [rejectId] }} query=${query} label=${`Try ${rejectId} again`} />` };
  const isFiltered = Object.values(filters).some(Boolean);
  return html`<${List} path="telemetry/rejects" filters=${filters} one="reject" columns=${[WHY, ...columns, WHEN, ...(may("operator") ? [again] : [])]}
    empty=${isFiltered ? "No reject is like that." : "All that devices have sent is stored."} keyOf=${({ rejectId }) => rejectId} />`;
}

/** The payload may be anything that anybody sends: it is text, and nothing else. */
function Why({ reject: { reason, metric, message, payload, isCut, isQuarantined } }) {
  return html`
    <${Chip} code=${reason} tone=${isQuarantined ? "warn" : "bad"} />${metric && html` <${Name}>${metric}<//>`}
    <div class="whole"><${Name}>${message}<//></div>
    <details><summary>What was sent</summary><code><bdi class="whole">${payload}</bdi></code>${isCut && html`<p class="quiet">There was more of it: only its beginning is kept, which cannot be tried again.</p>`}</details>
  `;
}

/** Has those *of* some filter tried again, and says what became of them. */
export function TryAgain({ of, query, label, children = "Try again" }) {
  const [isBusy, once] = useOnce();
  const tryAgain = () => once(() => post("telemetry/rejects/replay", of, { parameters: ownerIn(query) })
    .then((replayed) => toast(became(replayed), replayed.cleared > 0 ? "good" : "none"))
    .catch((error) => toast(sentenceOf(heard(error)), "bad"))
    .finally(refresh));
  return html`<${Button} isBusy=${isBusy} onClick=${tryAgain} aria-label=${label}>${children}<//>`;
}

/** "3 rejects tried again. 2 rejects cleared, 8 new readings. 1 reject still wrong." */
function became({ tried, cleared, stored, corrected, isMore }) {
  if (tried === 0) {
    return "There was nothing to try again.";
  }
  const still = tried - cleared;
  const parts = [
    `${plural(tried, "reject")} tried again.`,
    cleared > 0 ? `${plural(cleared, "reject")} cleared, ${plural(stored, "new reading")}${corrected > 0 ? `, ${plural(corrected, "corrected")}` : ""}.` : "",
    still > 0 ? `${plural(still, "reject")} still wrong.` : "",
    isMore ? "There may be more: try again." : "",
  ];
  return parts.filter(Boolean).join(" ");
}
