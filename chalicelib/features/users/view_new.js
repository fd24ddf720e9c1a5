// A form that adds a user.

import { Field, FormDialog, OwnerField, Select, done, html, isOfPlatform, ownerIn, post, refresh, useEffect, useState } from "./console.js";
import { ROLES, ROLE_HINT } from "./view_words.js";

const EMPTY = { email: "", name: "", role: "viewer", phoneNumber: "", subject: "" };

export function NewUser({ isOpen, onClose, query }) {
  const [owner, own] = useState("");
  const [user, setUser] = useState(EMPTY);
  useEffect(() => {
    if (isOpen) {
      own(ownerIn(query).organizationId ?? "");
      setUser(EMPTY);
    }
  }, [isOpen]);
  const enter = (name) => (value) => setUser((known) => ({ ...known, [name]: value }));
  const work = async (key) => {
    const made = await post("users", bodyOf(user), { key, parameters: { organizationId: owner } });
    done(`${made.name} is a user now.`);
    refresh();
  };
  const field = (name, problemOf) => ({ value: user[name], onValue: enter(name), problem: problemOf(name) });
  return html`
    <${FormDialog} title="Add a user" yes="Add" isOpen=${isOpen} onClose=${onClose} work=${work}>
      ${(problemOf) => html`
        <${OwnerField} value=${owner} onValue=${own} problem=${problemOf("organizationId")} />
        <${Field} label="E-mail" type="email" required maxlength="128" autocomplete="off" ...${field("email", problemOf)} />
        <${Field} label="Name" required maxlength="100" autocomplete="off" ...${field("name", problemOf)} />
        <${Select} label="Role" options=${ROLES} hint=${ROLE_HINT} ...${field("role", problemOf)} />
        <${Field} label="Phone number" type="tel" autocomplete="off" placeholder="+4915112345678" hint="For text messages; may be empty." ...${field("phoneNumber", problemOf)} />
        ${isOfPlatform() && html`<${Field} label="Subject" autocomplete="off" spellcheck=${false} hint="The sub of the issuer's tokens, if the user has an identity there already; may be empty." ...${field("subject", problemOf)} />`}
      `}
    <//>
  `;
}

/** What was left empty is not said. */
function bodyOf({ email, name, role, phoneNumber, subject }) {
  return {
    email: email.trim(),
    name: name.trim(),
    role,
    ...(phoneNumber.trim() && { phoneNumber: phoneNumber.trim() }),
    ...(subject.trim() && { subject: subject.trim() }),
  };
}
