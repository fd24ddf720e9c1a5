// The fields of a device, for the form that registers one and the one that changes it.

import { Button, Field, Tags, html, useAnswer } from "./console.js";
import { KNOWN_METADATA } from "./view_words.js";

const MOST_TYPES = 500;
const number = { type: "number", step: "any", inputmode: "decimal" };

let latest = 0;

/** *enter(changes)* puts them into what is *entered*; the types are those of *organizationId*, or of all. */
export function DeviceFields({ entered, enter, problemOf, organizationId }) {
  const part = (name) => (field) => ({
    value: entered[name][field],
    onValue: (value) => enter({ [name]: { ...entered[name], [field]: value } }),
    problem: problemOf(`${name}.${field}`),
  });
  const place = part("location");
  const connection = part("connectivity");
  const known = part("metadata");
  return html`
    <${Field} label="Name" required maxlength="100" autocomplete="off" value=${entered.name} onValue=${(name) => enter({ name })} problem=${problemOf("name")} />
    <${TypeField} value=${entered.deviceType} onValue=${(deviceType) => enter({ deviceType })} problem=${problemOf("deviceType")} organizationId=${organizationId} />
    <div class="side-by-side">
      ${Object.entries(KNOWN_METADATA).map(([field, label]) => html`<${Field} key=${field} label=${label} maxlength="256" autocomplete="off" ...${known(field)} />`)}
    </div>
    <fieldset><legend>Where it is</legend>
      <${Field} label="Address" maxlength="256" autocomplete="off" hint="In words, such as Office 301, Building A." ...${place("address")} />
      <div class="side-by-side">
        <${Field} label="Latitude" ...${number} min="-90" max="90" ...${place("lat")} />
        <${Field} label="Longitude" ...${number} min="-180" max="180" ...${place("lon")} />
      </div>
      <p class="field-problem">${problemOf("location")}</p>
    </fieldset>
    <fieldset><legend>How it is connected</legend>
      <div class="side-by-side">
        <${Field} label="By" maxlength="256" autocomplete="off" options=${["cellular", "wifi", "ethernet", "lora"].map((each) => [each, each])} ...${connection("type")} />
        <${Field} label="SIM" maxlength="256" autocomplete="off" ...${connection("simId")} />
        <${Field} label="IP address" maxlength="256" autocomplete="off" ...${connection("ipAddress")} />
      </div>
    </fieldset>
    <${Tags} label="Tags" value=${entered.tags} onValue=${(tags) => enter({ tags })} problem=${tagProblem(problemOf, entered.tags)} />
    ${otherFields(entered.others, (others) => enter({ others }), problemOf)}
  `;
}

/** The API names a tag by its place. */
function tagProblem(problemOf, tags) {
  return [problemOf("tags"), ...tags.map((tag, index) => [tag, problemOf(`tags[${index}]`)]).filter(([, said]) => said).map(([tag, said]) => `“${tag}”: ${said}`)].filter(Boolean).join(" ");
}

function TypeField({ organizationId, ...field }) {
  const { answer } = useAnswer("device-types", { organizationId, pageSize: MOST_TYPES });
  const names = [...new Set((answer?.items ?? []).map(({ name }) => name))];
  return html`<${Field} label="Type" required maxlength="256" autocomplete="off" autocapitalize="off" spellcheck=${false} hint="By its name."
    options=${names.map((name) => [name, name])} ...${field} />`;
}

/** What else there is to say, each with a name of its own. */
function otherFields(others, onOthers, problemOf) {
  const change = (key, changes) => onOthers(others.map((each) => (each.key === key ? { ...each, ...changes } : each)));
  const add = () => {
    latest += 1;
    onOthers([...others, { key: `new ${latest}`, field: "", value: "" }]);
  };
  const line = ({ key, field, value }) => html`
    <div class="side-by-side" key=${key}>
      <${Field} label="Field" maxlength="64" autocomplete="off" value=${field} onValue=${(name) => change(key, { field: name })} problem=${field && problemOf(`metadata.${field.trim()}`)} />
      <${Field} label="Value" maxlength="256" autocomplete="off" value=${value} onValue=${(text) => change(key, { value: text })} />
      <div class="field at-end"><${Button} onClick=${() => onOthers(others.filter((each) => each.key !== key))} aria-label=${`Take away ${field || "the field"}`}>Take away<//></div>
    </div>
  `;
  return html`
    <fieldset><legend>What else there is to say</legend>
      ${others.map(line)}
      <p class="field-problem">${problemOf("metadata")}</p>
      <${Button} onClick=${add}>Add a field<//>
    </fieldset>
  `;
}
