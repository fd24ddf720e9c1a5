// Organizations of whose devices none is declared offline, because nothing is heard of anybody's.

import { Button, Card, Chip, Field, FormDialog, Instant, List, Name, count, done, html, may, post, refresh, useEffect, useState, words } from "./console.js";

export function Holds() {
  const [released, release] = useState(null);
  const columns = [
    { title: "Organization", isHeader: true, class: "part", cell: ({ organizationId }) => html`<${Name}>${organizationId}<//>` },
    { title: "Silent", class: "nowrap", cell: (hold) => `${count(hold.silentCount)} of ${count(hold.deviceCount)}` },
    { title: "How it is", class: "part", cell: (hold) => html`<${HowItIs} hold=${hold} onRelease=${() => release(hold)} />` },
    { title: "Since", class: "breaks", cell: ({ since }) => html`<${Instant} at=${since} isBrief />` },
    { title: "Newest reading then", class: "breaks", cell: ({ quietSince }) => html`<${Instant} at=${quietSince} isBrief />` },
  ];
  return html`
    <${Card} label="Held silence">
      <p>Where nearly all devices fall silent at once and no readings come at all, the readings may be at fault and not the devices. Nobody is declared offline then.</p>
      <${List} path="connectivity/holds" one="organization" columns=${columns}
        empty="Nothing is held: devices are declared offline as they fall silent." keyOf=${({ organizationId }) => organizationId} />
    <//>
    <${ReleaseDialog} hold=${released} onClose=${() => release(null)} />
  `;
}

function HowItIs({ hold, onRelease }) {
  if (hold.releasedAt) {
    return html`<${Chip} code="let go" /> <span class="cell-note">by <bdi>${hold.releasedBy}</bdi>${hold.comment && html`: <bdi>${hold.comment}</bdi>`}</span>`;
  }
  const state = hold.resumedAt ? html`<${Chip} code="readings come again" tone="info" />` : html`<${Chip} code=${words(hold.reason)} tone="warn" />`;
  return html`${state} ${may("admin") && html`<div class="buttons in-row"><${Button} onClick=${onRelease} aria-label=${`Let go ${hold.organizationId}`}>Let go…<//></div>`}`;
}

function ReleaseDialog({ hold, onClose }) {
  const [comment, say] = useState("");
  useEffect(() => say(""), [hold]);
  const work = async (key) => {
    await post(`connectivity/holds/${encodeURIComponent(hold.organizationId)}/release`, comment.trim() ? { comment: comment.trim() } : {}, { key });
    done("It is let go: the next check declares the silent devices offline.");
    refresh();
  };
  return html`
    <${FormDialog} title="Is the silence real?" yes="Let it go" no="Hold it" tone="danger" isOpen=${hold !== null} onClose=${onClose} work=${work}>
      ${(problemOf) => html`
        <p>The next check declares up to ${count(hold.silentCount)} devices of <strong><${Name}>${hold.organizationId}<//></strong> offline, and tells of each.</p>
        <${Field} label="Comment" maxlength="1000" autocomplete="off" hint="It stands in the audit log, with your name." value=${comment} onValue=${say} problem=${problemOf("comment")} />
      `}
    <//>
  `;
}
