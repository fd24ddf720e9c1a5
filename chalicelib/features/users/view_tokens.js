// The devices that get one's push messages.

import { Button, Empty, FormDialog, Name, done, html, refresh, remove, useState } from "./console.js";

const SHOWN = 12;

/** Whoever knows a token can reach the device, so that only its beginning is shown. */
const shown = (token) => (token.length > SHOWN ? `${token.slice(0, SHOWN)}…` : token);

export function PushTokens({ tokens }) {
  const [asked, ask] = useState(null);
  const work = async (key) => {
    await remove(`users/me/device-tokens/${encodeURIComponent(asked)}`, { key });
    done("No push messages go to that device any more.");
    refresh();
  };
  return html`
    ${tokens.length === 0
      ? html`<${Empty}>No device is registered. An app registers its device when you sign in there.<//>`
      : html`<ul class="lines" aria-label="Registered devices">${tokens.map((token) => html`<${Line} key=${token} token=${token} onAsk=${() => ask(token)} />`)}</ul>`}
    <${FormDialog} title="Remove the device?" yes="Remove the device" no="Keep the device" tone="danger" isOpen=${asked !== null} onClose=${() => ask(null)} work=${work}>
      <p>No push messages go to <strong><${Name}>${shown(asked ?? "")}<//></strong> any more, until its app registers it again.</p>
    <//>
  `;
}

function Line({ token, onAsk }) {
  return html`<li><${Name}>${shown(token)}<//><${Button} onClick=${onAsk} aria-label=${`Remove ${shown(token)}`}>Remove…<//></li>`;
}
