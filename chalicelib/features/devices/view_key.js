// The key of a certificate: made by the device, which is better, or made here and shown once.

import { LongText, html, useId } from "./console.js";

const CSR_HINT = "In PEM, signed with a key that the device has made and keeps: RSA of 2048 bits or more, or one of the curve P-256 or P-384.";

/** *value* is `{isOwn, csr}`. */
export function KeyFields({ value, onValue, problem }) {
  const name = useId();
  const choice = (isOwn, label) => html`
    <div class="check"><input type="radio" id=${`${name}-${isOwn}`} name=${name} checked=${value.isOwn === isOwn} onChange=${() => onValue({ ...value, isOwn })} />
      <label for=${`${name}-${isOwn}`}>${label}</label></div>
  `;
  return html`
    <fieldset><legend>Its key</legend>
      ${choice(true, "The device has made a key, and asks for a certificate (recommended)")}
      ${choice(false, "Make a key: it is shown once, and kept nowhere")}
      ${value.isOwn && html`<${LongText} label="Certificate signing request" required spellcheck=${false} autocomplete="off" autocapitalize="off" placeholder="-----BEGIN CERTIFICATE REQUEST-----"
        hint=${CSR_HINT} value=${value.csr} onValue=${(csr) => onValue({ ...value, csr })} problem=${problem} />`}
      ${!value.isOwn && problem && html`<p class="field-problem" role="alert">${problem}</p>`}
    </fieldset>
  `;
}

/** The part of a request that says so. */
export const keyAsSent = ({ isOwn, csr }) => (isOwn ? { csr: `${csr.trim()}\n` } : {});
