// Asks whoever is not known to sign in, or for a token.

import { Button, Field, Form, useOnce } from "./form.js";
import { html } from "./html.js";
import { login } from "./issuer.js";
import { leaveForIssuer } from "./login.js";
import { useEffect, useRef, useState } from "./preact_hooks.js";
import { Card } from "./parts.js";
import { isToken, session, signIn } from "./session.js";

const IMPOSSIBLE = "A token has neither spaces nor letters beyond ASCII.";

export const SignIn = () => (login ? html`<${AtIssuer} />` : html`<${WithToken} />`);

/** Signing in at the issuer; a token can be pasted as well, such as a static one. */
function AtIssuer() {
  const { refusal } = session.use();
  const [trouble, complain] = useState("");
  const [isBusy, once] = useOnce();
  const said = trouble || refusal;
  const go = () => once(async () => complain(await leaveForIssuer()));
  return html`
    <div class="narrow stack">
      <h1>Please sign in</h1>
      ${said && html`<div class="notice notice-bad" role="alert">${said}</div>`}
      <${Card} label="Sign in">
        <p>You sign in at <bdi class="name">${new URL(login.issuer).host}</bdi>, and are sent back here.</p>
        <${Button} tone="primary" isBusy=${isBusy} onClick=${go} autofocus>Sign in<//>
      <//>
      <details class="card"><summary>Paste a token instead</summary><${TokenForm} /></details>
    </div>
  `;
}

function WithToken() {
  const { refusal } = session.use();
  const input = useRef();
  useEffect(() => input.current.focus(), [refusal]);
  return html`
    <div class="narrow stack">
      <h1>A token is needed</h1>
      <${Card} label="A token is needed">
        <p>The API answers those who are known to it. The token stays in this tab and is gone when the tab is closed.</p>
        <${TokenForm} refusal=${refusal} inputRef=${input} />
      <//>
    </div>
  `;
}

function TokenForm({ refusal, inputRef }) {
  const [given, give] = useState("");
  const [problem, complain] = useState("");
  const submit = () => {
    const token = given.trim();
    complain(isToken(token) ? "" : IMPOSSIBLE);
    if (isToken(token)) {
      give("");
      signIn(token);
    }
  };
  return html`
    <${Form} label="Use a token" onSubmit=${submit}>
      <${Field} label="Access token" type="password" autocomplete="off" spellcheck=${false} required value=${given}
        problem=${problem || refusal} onValue=${give} inputRef=${inputRef} />
      <${Button} type="submit" tone="primary">Use this token<//>
    <//>
  `;
}
