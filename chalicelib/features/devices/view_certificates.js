// The certificates of a device: giving it another one, and having nobody get in with one any more.

import { Age, Answered, Button, Check, Chip, Dialog, Empty, FormDialog, Name, done, html, may, post, refresh, saveFile, useAnswer, useEffect, useState } from "./console.js";
import { Credentials } from "./view_credentials.js";
import { KeyFields, keyAsSent } from "./view_key.js";
import { TONES } from "./view_words.js";

export function Certificates({ deviceId, path }) {
  const found = useAnswer(`${path}/certificates`);
  const [isRotating, rotate] = useState(false);
  const [revoked, revoke] = useState(null);
  const [issued, show] = useState(null);
  return html`
    <${Answered} of=${found}>${({ certificates }) => html`<${Lines} certificates=${certificates} onRevoke=${revoke} />`}<//>
    ${may("operator") && html`<div class="buttons"><${Button} onClick=${() => rotate(true)}>Another certificate…<//></div>`}
    <${NewCertificate} path=${path} isOpen=${isRotating} onClose=${() => rotate(false)} onIssued=${show} />
    <${Revocation} path=${path} certificate=${revoked} onClose=${() => revoke(null)} />
    <${Dialog} title="The new certificate" isWide isOpen=${issued !== null} onClose=${() => show(null)}>
      ${issued && html`<${Credentials} issued=${{ deviceId, ...issued.issued }} isKeyMade=${issued.isKeyMade} /><div class="buttons"><${Button} onClick=${() => show(null)}>Close<//></div>`}
    <//>
  `;
}

function Lines({ certificates, onRevoke }) {
  return certificates.length > 0
    ? html`<ul class="lines" aria-label="Certificates, the newest first">${certificates.map((each) => html`<${Line} key=${each.certificateId} certificate=${each} onRevoke=${() => onRevoke(each)} />`)}</ul>`
    : html`<${Empty}>It has none.<//>`;
}

function Line({ certificate, onRevoke }) {
  const { certificateId, status, reason, pem, createdAt, expiresAt } = certificate;
  const canEnd = may("operator") && ["active", "pending"].includes(status);
  const download = () => saveFile(`${certificateId}.pem`, [pem], "application/x-pem-file");
  return html`
    <li>
      <div>
        <${Name}>${certificateId}<//> <${Chip} code=${status} tone=${TONES[status]} />
        <div class="quiet">Since <${Age} at=${createdAt} />${expiresAt && html`, runs out <${Age} at=${expiresAt} />`}</div>
        ${reason && html`<bdi class="bad-text">${reason}</bdi>`}
      </div>
      <div class="buttons in-row">
        ${pem && html`<${Button} onClick=${download} aria-label=${`Download ${certificateId}`}>Download<//>`}
        ${canEnd && html`<${Button} tone="danger" onClick=${onRevoke} aria-label=${`Revoke ${certificateId}`}>Revoke…<//>`}
      </div>
    </li>
  `;
}

function NewCertificate({ path, isOpen, onClose, onIssued }) {
  const [deviceKey, setKey] = useState(null);
  const [isOthersEnd, endOthers] = useState(false);
  useEffect(() => {
    setKey({ isOwn: true, csr: "" });
    endOthers(false);
  }, [isOpen]);
  const work = async (key) => {
    const issued = await post(`${path}/certificates`, { ...keyAsSent(deviceKey), revokeOthers: isOthersEnd }, { key });
    onIssued({ issued, isKeyMade: !deviceKey.isOwn });
    refresh();
  };
  return html`
    <${FormDialog} title="Another certificate" yes="Ask for it" isOpen=${isOpen} onClose=${onClose} work=${work}>
      ${(problemOf) => deviceKey && html`
        <p>The device can use it beside those that it has.</p>
        <${KeyFields} value=${deviceKey} onValue=${setKey} problem=${problemOf("csr")} />
        <${Check} label="Revoke the others as soon as the new one is in use" value=${isOthersEnd} onValue=${endOthers} problem=${problemOf("revokeOthers")} />
      `}
    <//>
  `;
}

function Revocation({ path, certificate, onClose }) {
  const work = async (key) => {
    const { status } = await post(`${path}/certificates/${encodeURIComponent(certificate.certificateId)}/revoke`, undefined, { key });
    done(status === "revoked" ? "The certificate is revoked." : "The certificate is being revoked; IoT Core is told until it knows.");
    refresh();
  };
  return html`
    <${FormDialog} title="Revoke the certificate?" yes="Revoke it" no="Leave it" tone="danger" isOpen=${certificate !== null} onClose=${onClose} work=${work}>
      <p>Nobody gets in with <strong><${Name}>${certificate?.certificateId ?? ""}<//></strong> any more, and its key gets no other one. This cannot be taken back. A device that has no other certificate is cut off.</p>
    <//>
  `;
}
