// One organization: how it is, and for admins how to rename or suspend it.

import { Answered, Button, Card, Chip, Facts, Field, FormDialog, Instant, Name, addressOf, done, html, may, patch, refresh, useAnswer, useEffect, useState } from "./console.js";
import { TONES } from "./view_organizations.js";

export function Organization({ params }) {
  const path = `organizations/${encodeURIComponent(params.organization_id)}`;
  const organization = useAnswer(path);
  return html`
    <p><a href=${addressOf(["organizations"])}>All organizations</a></p>
    <${Answered} of=${organization} lines=${4}>${(answer) => html`<${Shown} organization=${answer} version=${organization.version} path=${path} />`}<//>
  `;
}

function Shown({ organization, version, path }) {
  // What is changed is what was on the page when somebody asked for it.
  const [asked, ask] = useState(null);
  const open = (what) => () => ask({ what, version });
  const dialog = { organization, asked, path, onClose: () => ask(null) };
  return html`
    <${Card} title=${html`<${Name}>${organization.name}<//>`}>
      <${Facts} facts=${factsOf(organization)} />
      ${may("admin") && html`
        <div class="buttons">
          <${Button} onClick=${open("name")}>Rename…<//>
          ${organization.status === "active" ? html`<${Button} tone="danger" onClick=${open("suspension")}>Suspend…<//>` : html`<${Button} onClick=${open("return")}>Let them in again…<//>`}
        </div>
      `}
      <${NameDialog} ...${dialog} />
      <${SuspensionDialog} ...${dialog} />
      <${ReturnDialog} ...${dialog} />
    <//>
  `;
}

function factsOf({ organizationId, status, createdAt, updatedAt }) {
  return [
    ["Status", html`<${Chip} code=${status} tone=${TONES[status]} /> ${status === "suspended" && "None of its people is let in."}`],
    ["Id", html`<${Name}>${organizationId}<//>`],
    ["Its users", may("admin") ? html`<a href=${addressOf(["users"], { organizationId })}>Show its users</a>` : null],
    ["Since", html`<${Instant} at=${createdAt} />`],
    ["Last changed", html`<${Instant} at=${updatedAt} />`],
  ];
}

function NameDialog({ organization, asked, path, onClose }) {
  const isOpen = asked?.what === "name";
  const [name, setName] = useState("");
  useEffect(() => setName(organization.name), [isOpen]);
  return html`
    <${FormDialog} title="Rename the organization" yes="Rename" isOpen=${isOpen} onClose=${onClose} work=${changing(path, { name: name.trim() }, asked, "The organization is renamed.")}>
      ${(problemOf) => html`<${Field} label="Name" required maxlength="100" autocomplete="off" value=${name} onValue=${setName} problem=${problemOf("name")} />`}
    <//>
  `;
}

function SuspensionDialog({ organization, asked, path, onClose }) {
  return html`
    <${FormDialog} title="Suspend the organization?" yes="Suspend it" no="Leave it active" tone="danger" isOpen=${asked?.what === "suspension"} onClose=${onClose}
      work=${changing(path, { status: "suspended" }, asked, "The organization is suspended.")}>
      <p>None of the people of <strong><${Name}>${organization.name}<//></strong> is let in from now on, until somebody lets them in again. Nothing is deleted.</p>
    <//>
  `;
}

function ReturnDialog({ organization, asked, path, onClose }) {
  return html`
    <${FormDialog} title="Let them in again?" yes="Let them in" isOpen=${asked?.what === "return"} onClose=${onClose}
      work=${changing(path, { status: "active" }, asked, "The organization is active again.")}>
      <p>The people of <strong><${Name}>${organization.name}<//></strong> are let in again, with the roles that they had.</p>
    <//>
  `;
}

/** What writes *change* to the version that was on the page, and tells of it. */
function changing(path, change, asked, said) {
  return async (key) => {
    await patch(path, change, { key, version: asked.version });
    done(said);
    refresh();
  };
}
