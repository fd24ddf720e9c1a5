// Registering a device, and what it needs to connect, which is shown once.

import { Button, Card, Field, OwnerField, Rest, addressOf, html, isOfPlatform, may, ownerIn, post, useEffect, useFocusOnProblem, useRef, useSending, useState } from "./console.js";
import { Credentials } from "./view_credentials.js";
import { EMPTY, asEntered, asNew } from "./view_entered.js";
import { DeviceFields } from "./view_fields.js";
import { KeyFields, keyAsSent } from "./view_key.js";
import { deviceAddress } from "./view_words.js";

const ADOPT_HINT = "Of a device that the master table knows already; empty for a new one.";

export function NewDevice({ query }) {
  const [registered, setRegistered] = useState(null);
  return html`
    <p><a href=${addressOf(["devices"])}>All devices</a></p>
    ${registered ? html`<${Registered} ...${registered} onAnother=${() => setRegistered(null)} />` : html`<${NewForm} query=${query} onRegistered=${setRegistered} />`}
  `;
}

function NewForm({ query, onRegistered }) {
  const [owner, own] = useState(ownerIn(query).organizationId ?? "");
  const [deviceId, adopt] = useState("");
  const [entered, setEntered] = useState(() => asEntered(EMPTY));
  const [deviceKey, setKey] = useState({ isOwn: true, csr: "" });
  const { isBusy, send, problemOf, rest } = useSending();
  const form = useFocusOnProblem(isBusy);
  const enter = (changes) => setEntered((known) => ({ ...known, ...changes }));
  const register = (event) => {
    event.preventDefault();
    send(async (key) => {
      const body = { ...asNew(entered), ...keyAsSent(deviceKey), ...(deviceId.trim() && { deviceId: deviceId.trim() }) };
      const issued = await post("devices", body, { key, parameters: { organizationId: owner } });
      onRegistered({ issued, isKeyMade: !deviceKey.isOwn });
    });
  };
  return html`
    <${Card} label="Register a device">
      <form aria-label="Register a device" ref=${form} onSubmit=${register}>
        <${OwnerField} value=${owner} onValue=${own} problem=${problemOf("organizationId")} />
        <${DeviceFields} entered=${entered} enter=${enter} problemOf=${problemOf} organizationId=${owner} />
        ${isOfPlatform() && may("admin") && html`<${Field} label="Device id" maxlength="256" autocomplete="off" spellcheck=${false} hint=${ADOPT_HINT} value=${deviceId} onValue=${adopt} problem=${problemOf("deviceId")} />`}
        <${KeyFields} value=${deviceKey} onValue=${setKey} problem=${problemOf("csr")} />
        <${Rest} of=${rest} />
        <div class="buttons"><${Button} type="submit" tone="primary" isBusy=${isBusy}>Register it<//></div>
      </form>
    <//>
  `;
}

/** What became of it takes the focus, for it is what was asked for. */
function Registered({ issued, isKeyMade, onAnother }) {
  const card = useRef();
  useEffect(() => card.current.focus(), []);
  return html`
    <${Card} title=${html`<bdi>${issued.name}</bdi> is registered`} sectionRef=${card}>
      <${Credentials} issued=${issued} isKeyMade=${isKeyMade} />
      <div class="buttons">
        <a class="button" href=${deviceAddress(issued)}>Go to the device</a>
        <${Button} onClick=${onAnother}>Register another one<//>
      </div>
    <//>
  `;
}
