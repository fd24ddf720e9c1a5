// How one wants to be told, and when not.

import { Button, Check, Field, Rest, Select, done, html, put, refresh, useFocusOnProblem, useSending, useState } from "./console.js";

const CHANNELS = [["email", "By mail"], ["push", "By push message"], ["sms", "By text message"]];
const THEMES = [["system", "as the system"], "light", "dark"];
const THEME_HINT = "For the applications of your organization. This console looks as your system does.";
const LANGUAGES = [["en", "English"], ["de", "German"], ["es", "Spanish"], ["fr", "French"], ["pt-BR", "Portuguese, Brazil"], ["zh-Hans", "Chinese, simplified"]];
const ZONES = zonesOfBrowser().map((zone) => [zone, zone]);

/** *version* is that of the profile which *preferences* are from. */
export function PreferencesForm({ preferences, version }) {
  const [wanted, want] = useState(preferences);
  const { isBusy, send, problemOf, rest } = useSending();
  const form = useFocusOnProblem(isBusy);
  const change = (part) => (changes) => want((known) => ({ ...known, [part]: { ...known[part], ...changes } }));
  const save = (event) => {
    event.preventDefault();
    send(async (key) => {
      await put("users/me/preferences", wanted, { key, version });
      done("The preferences are saved.");
      refresh();
    });
  };
  return html`
    <form aria-label="Preferences" ref=${form} onSubmit=${save}>
      <fieldset><legend>How you are told</legend>
        ${CHANNELS.map(([name, label]) => html`<${Check} key=${name} label=${label} value=${wanted.notifications[name]} problem=${problemOf(`notifications.${name}`)}
          onValue=${(value) => change("notifications")({ [name]: value })} />`)}
      </fieldset>
      ${quietFields(wanted.quietHours, change("quietHours"), problemOf)}
      <${Select} label="Theme" options=${THEMES} hint=${THEME_HINT} value=${wanted.theme} onValue=${(theme) => want({ ...wanted, theme })} problem=${problemOf("theme")} />
      <${Field} label="Language" required options=${LANGUAGES} hint="Of messages, as a tag such as en or pt-BR." autocomplete="off" spellcheck=${false}
        value=${wanted.language} onValue=${(language) => want({ ...wanted, language })} problem=${problemOf("language")} />
      <${Rest} of=${rest} />
      <${Button} type="submit" tone="primary" isBusy=${isBusy}>Save<//>
    </form>
  `;
}

function quietFields(hours, change, problemOf) {
  const time = (name, label) => html`
    <${Field} label=${label} type="time" required value=${hours[name]} onValue=${(value) => change({ [name]: value })} problem=${problemOf(`quietHours.${name}`)} />
  `;
  return html`
    <fieldset><legend>Quiet hours</legend>
      <${Check} label="There are hours at which nothing is sent" value=${hours.enabled} onValue=${(enabled) => change({ enabled })} problem=${problemOf("quietHours.enabled")} />
      ${hours.enabled && html`
        <div class="side-by-side">${time("start", "From")}${time("end", "Until")}</div>
        <${Field} label="Time zone" required options=${ZONES} hint="An IANA zone, such as Europe/Berlin." autocomplete="off" spellcheck=${false}
          value=${hours.timezone} onValue=${(timezone) => change({ timezone })} problem=${problemOf("quietHours.timezone")} />
      `}
    </fieldset>
  `;
}

/** The zones to choose from; any other may be typed. */
function zonesOfBrowser() {
  return ["UTC", ...Intl.supportedValuesOf("timeZone")];
}
