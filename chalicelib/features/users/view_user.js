// A user, as admins see them: what they may do, whether they can sign in, and how to remove them.

import { Answered, Button, Card, Chip, Facts, Field, FormDialog, Instant, Name, Select, addressOf, done, html, isOfPlatform, navigate, put, refresh, remove, useAnswer, useState } from "./console.js";
import { MEANINGS, ROLES, ROLE_HINT, TONES } from "./view_words.js";

export function User({ params }) {
  const path = `users/${encodeURIComponent(params.user_id)}`;
  const user = useAnswer(path);
  return html`
    <p><a href=${addressOf(["users"])}>All users</a></p>
    <${Answered} of=${user} lines=${6}>${(answer) => html`<${Shown} user=${answer} version=${user.version} path=${path} />`}<//>
  `;
}

function Shown({ user, version, path }) {
  // What is changed is what was on the page when somebody asked for it.
  const [asked, ask] = useState(null);
  const close = () => ask(null);
  const open = (what) => () => ask({ what, version });
  return html`
    <${Card} title=${html`<${Name}>${user.name}<//>`}>
      <${Facts} facts=${factsOf(user)} />
      <div class="buttons">
        <${Button} onClick=${open("role")}>Change the role…<//>
        ${isOfPlatform() && html`<${Button} onClick=${open("subject")}>Say who signs in…<//>`}
        <${Button} tone="danger" onClick=${open("removal")}>Remove the user…<//>
      </div>
      <${RoleDialog} user=${user} asked=${asked} path=${path} onClose=${close} />
      <${SubjectDialog} asked=${asked} path=${path} onClose=${close} />
      <${RemovalDialog} user=${user} asked=${asked} path=${path} onClose=${close} />
    <//>
  `;
}

function factsOf(user) {
  const { status, reason } = user.identity;
  return [
    ["E-mail", html`<${Name}>${user.email}<//>`],
    ["Role", user.role],
    ["Signing in", html`<${Chip} code=${status} tone=${TONES[status]} /> ${MEANINGS[status]} ${reason && html`<bdi class="quiet">${reason}</bdi>`}`],
    ["Phone number", user.phoneNumber],
    ["Organization", html`<${Name}>${user.organizationId}<//>`],
    ["Id", html`<${Name}>${user.userId}<//>`],
    ["Since", html`<${Instant} at=${user.createdAt} />`],
    ["Last changed", html`<${Instant} at=${user.updatedAt} />`],
  ];
}

function RoleDialog({ user, asked, path, onClose }) {
  const [role, choose] = useState(user.role);
  const work = async (key) => {
    await put(`${path}/role`, { role }, { key, version: asked.version });
    done("The role is changed. It holds from the next request on.");
    refresh();
  };
  return html`
    <${FormDialog} title="Change the role" yes="Change" isOpen=${asked?.what === "role"} onClose=${onClose} work=${work}>
      ${(problemOf) => html`<${Select} label="Role" options=${ROLES} hint=${ROLE_HINT} value=${role} onValue=${choose} problem=${problemOf("role")} />`}
    <//>
  `;
}

/** For the platform's own people: whoever names a subject decides where somebody else belongs. */
function SubjectDialog({ asked, path, onClose }) {
  const [subject, say] = useState("");
  const work = async (key) => {
    await put(`${path}/subject`, { subject: subject.trim() }, { key, version: asked.version });
    done("The user signs in as that subject from now on.");
    say("");
    refresh();
  };
  return html`
    <${FormDialog} title="Say who signs in" yes="Say so" isOpen=${asked?.what === "subject"} onClose=${onClose} work=${work}>
      ${(problemOf) => html`<${Field} label="Subject" required maxlength="256" autocomplete="off" spellcheck=${false} hint="The sub of the issuer's tokens, where it has the identity already."
        value=${subject} onValue=${say} problem=${problemOf("subject")} />`}
    <//>
  `;
}

function RemovalDialog({ user, asked, path, onClose }) {
  const work = async (key) => {
    await remove(path, { key, version: asked.version });
    done(`${user.name} is no user any more.`);
    navigate("users");
  };
  return html`
    <${FormDialog} title="Remove the user?" yes="Remove the user" no="Keep the user" tone="danger" isOpen=${asked?.what === "removal"} onClose=${onClose} work=${work}>
      <p><strong><${Name}>${user.name}<//></strong> is not let in from the next request on. The audit log goes on naming the user.</p>
    <//>
  `;
}
