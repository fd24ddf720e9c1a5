// What a device needs to connect, to be copied or kept as files while it is in sight.

import { Button, Chip, Facts, Name, done, html, saveFile, toast } from "./console.js";
import { MEANINGS, TONES } from "./view_words.js";

/** *issued* is the answer to what asked for a certificate; *isKeyMade* says that a key was to be made for it. */
export function Credentials({ issued, isKeyMade }) {
  const { provisioning, provisioningCredentials: credentials, deviceId } = issued;
  // A key that was made is with whoever asked, or with nobody: without its certificate it will be undone.
  const status = isKeyMade && provisioning.status === "pending" ? "undone" : provisioning.status;
  return html`
    <p role="status"><${Chip} code=${status} tone=${TONES[status]} /> ${MEANINGS[status]} ${status === "refused" && html`<bdi>${provisioning.reason}</bdi>`}</p>
    ${credentials?.privateKey && html`<p class="notice notice-warn" role="alert">The private key is shown here and now, and kept nowhere. Download or copy it before you leave this page: nobody can show it again.</p>`}
    ${isKeyMade && credentials && !credentials.privateKey && html`<p class="notice notice-warn" role="alert">The private key was in an answer that got lost, and is kept nowhere. Make another certificate, and revoke this one.</p>`}
    ${credentials && html`
      <${Facts} facts=${[["Endpoint", credentials.endpoint && html`<${Name}>${credentials.endpoint}<//>`], ["ARN", credentials.certificateArn && html`<${Name}>${credentials.certificateArn}<//>`]]} />
      ${pemOf("Private key", credentials.privateKey, `${fileName(deviceId)}.private.key`)}
      ${pemOf("Certificate", credentials.certificatePem, `${fileName(deviceId)}.certificate.pem`)}
    `}
  `;
}

function pemOf(title, pem, file) {
  const copy = () => navigator.clipboard.writeText(pem)
    .then(() => done(`${title} copied.`))
    .catch(() => toast("The browser does not let this page copy: select the text, or keep it as a file.", "bad"));
  return pem && html`
    <div class="pem">
      <h3>${title}</h3>
      <pre tabindex="0" aria-label=${title}>${pem}</pre>
      <div class="buttons">
        <${Button} tone="primary" title=${file} aria-label=${`Download the ${title.toLowerCase()}`} onClick=${() => saveFile(file, [pem], "application/x-pem-file")}>Download<//>
        <${Button} aria-label=${`Copy the ${title.toLowerCase()}`} onClick=${copy}>Copy<//>
      </div>
    </div>
  `;
}

const fileName = (deviceId) => deviceId.replace(/[^\w.-]+/g, "_").slice(0, 80);
