// Asks for a token where one is needed.

import { Button, Field, Form } from "./form.js";
import { html } from "./html.js";
import { useEffect, useRef, useState } from "./preact_hooks.js";
import { Card } from "./parts.js";
import { isToken, session, signIn } from "./session.js";

const IMPOSSIBLE = "A token has neither spaces nor letters beyond ASCII.";

export function SignIn() {
  const { refusal } = session.use();
  const [given, give] = useState("");
  const [problem, complain] = useState("");
  const input = useRef();
  useEffect(() => input.current.focus(), [refusal]);
  const submit = () => {
    const token = given.trim();
    complain(isToken(token) ? "" : IMPOSSIBLE);
    if (isToken(token)) {
      give("");
      signIn(token);
    }
  };
  return html`
    <div class="narrow stack">
      <h1>A token is needed</h1>
      <${Card} label="A token is needed">
        <p>The API answers those who are known to it. The token stays in this tab and is gone when the tab is closed.</p>
        <${Form} label="Sign in" onSubmit=${submit}>
          <${Field} label="Access token" type="password" autocomplete="off" spellcheck=${false} required value=${given}
            problem=${problem || refusal} onValue=${give} inputRef=${input} />
          <${Button} type="submit" tone="primary">Use this token<//>
        <//>
      <//>
    </div>
  `;
}
