// One's own profile: name and number, preferences, and where push messages go.

import { Answered, Button, Card, Empty, Facts, Field, Instant, Name, Rest, done, html, isOfPlatform, put, refresh, useAnswer, useFocusOnProblem, useSending, useState } from "./console.js";
import { PreferencesForm } from "./view_preferences.js";
import { PushTokens } from "./view_tokens.js";

export function Profile() {
  const own = useAnswer("users/me");
  if (own.error?.code === "PROFILE_NOT_FOUND") {
    return html`<${Card} label="My profile"><${Empty}>${noneFor()}<//><//>`;
  }
  return html`<${Answered} of=${own} lines=${6}>${(profile) => html`<${Shown} profile=${profile} version=${own.version} />`}<//>`;
}

function noneFor() {
  return isOfPlatform()
    ? "You are one of the platform's own people. They belong to no organization, and have no profile."
    : "You are not among the users of your organization, and have no profile. One of its admins can add you.";
}

/** A form begins anew where what it edits has changed, by itself or elsewhere; the other one goes on. */
function Shown({ profile, version }) {
  return html`
    <div class="panels">
      <div class="stack">
        <${Card} title=${html`<${Name}>${profile.name}<//>`}><${Facts} facts=${factsOf(profile)} /><//>
        <${Card} title="Name and number"><${NameForm} key=${JSON.stringify([profile.name, profile.phoneNumber])} profile=${profile} version=${version} /><//>
      </div>
      <div class="stack">
        <${Card} title="Preferences"><${PreferencesForm} key=${JSON.stringify(profile.preferences)} preferences=${profile.preferences} version=${version} /><//>
        <${Card} title="Push messages"><${PushTokens} tokens=${profile.deviceTokens} /><//>
      </div>
    </div>
  `;
}

function factsOf(profile) {
  return [
    ["E-mail", html`<${Name}>${profile.email}<//>`],
    ["Role", profile.role],
    ["Organization", html`<${Name}>${profile.organizationId}<//>`],
    ["Since", html`<${Instant} at=${profile.createdAt} />`],
  ];
}

function NameForm({ profile, version }) {
  const [name, setName] = useState(profile.name);
  const [number, setNumber] = useState(profile.phoneNumber ?? "");
  const { isBusy, send, problemOf, rest } = useSending();
  const form = useFocusOnProblem(isBusy);
  const save = (event) => {
    event.preventDefault();
    send(async (key) => {
      await put("users/me", { name: name.trim(), phoneNumber: number.trim() || null }, { key, version });
      done("Name and number are saved.");
      refresh();
    });
  };
  return html`
    <form aria-label="Name and number" ref=${form} onSubmit=${save}>
      <${Field} label="Name" required maxlength="100" autocomplete="name" value=${name} onValue=${setName} problem=${problemOf("name")} />
      <${Field} label="Phone number" type="tel" autocomplete="tel" placeholder="+4915112345678" hint="For text messages, with + and the country; empty for none."
        value=${number} onValue=${setNumber} problem=${problemOf("phoneNumber")} />
      <${Rest} of=${rest} />
      <${Button} type="submit" tone="primary" isBusy=${isBusy}>Save<//>
    </form>
  `;
}
