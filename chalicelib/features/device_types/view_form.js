// Adding a device type, and changing one: its metrics are a part of it, and are sent as a whole.

import { Answered, Button, Card, Check, Field, LongText, OwnerField, Rest, addressOf, done, html, isOfPlatform, navigate, ownerIn, post, put, useAnswer, useFocusOnProblem, useSending, useState } from "./console.js";
import { asEntered, asSent } from "./view_entered.js";
import { MetricFields } from "./view_metrics.js";
import { everySaid, typeAddress } from "./view_words.js";

const NAME_HINT = "What devices name it by: small letters, digits, and single dots, dashes and underscores between them.";
const TIME_HINT = "Where the time stands in what such a device sends, such as payload.received_at; empty for timestamp.";
const EMPTY = { name: "", description: null, reportingIntervalSeconds: 300, timestampPath: null, metrics: [] };

export function NewType({ query }) {
  const [owner, own] = useState(ownerIn(query).organizationId ?? "");
  const [isShared, share] = useState(false);
  const save = async (body, key) => {
    const made = await post("device-types", { ...body, isShared }, { key, parameters: { organizationId: isShared ? "" : owner } });
    done(`The device type ${made.name} is there.`);
    navigate("device_types", made.deviceTypeId);
  };
  return html`
    <p><a href=${addressOf(["device_types"])}>All device types</a></p>
    <${TypeForm} type=${EMPTY} yes="Add it" onSave=${save}>
      ${(problemOf) => html`
        ${isOfPlatform() && html`<${Check} label="Shared: for every organization to use" value=${isShared} onValue=${share} problem=${problemOf("isShared")} />`}
        ${!isShared && html`<${OwnerField} value=${owner} onValue=${own} problem=${problemOf("organizationId")} />`}
      `}
    <//>
  `;
}

/** What is changed is what was there when the page was opened: it does not change while somebody types. */
export function ChangedType({ params }) {
  const path = `device-types/${encodeURIComponent(params.device_type_id)}`;
  const found = useAnswer(path);
  const [opened, open] = useState(null);
  if (opened === null && found.answer) {
    open({ type: found.answer, version: found.version });
  }
  const save = async (body, key) => {
    await put(path, body, { key, version: opened.version });
    done("The device type is changed.");
    navigate("device_types", params.device_type_id);
  };
  const form = () => opened && html`<${TypeForm} type=${opened.type} yes="Save" onSave=${save} />`;
  return html`
    <p><a href=${typeAddress({ deviceTypeId: params.device_type_id })}>Back without a change</a></p>
    ${opened ? form() : html`<${Answered} of=${found} lines=${6}>${form}<//>`}
  `;
}

function TypeForm({ type, yes, onSave, children }) {
  const [entered, setEntered] = useState(() => asEntered(type));
  const { isBusy, send, problemOf, rest } = useSending();
  const form = useFocusOnProblem(isBusy);
  const enter = (name) => (value) => setEntered((known) => ({ ...known, [name]: value }));
  const save = (event) => {
    event.preventDefault();
    send((key) => onSave(asSent(entered), key));
  };
  const seconds = Number(entered.interval);
  return html`
    <form aria-label="Device type" ref=${form} onSubmit=${save}>
      <${Card} label="Device type">
        ${children?.(problemOf)}
        <${Field} label="Name" required maxlength="64" autocomplete="off" autocapitalize="off" spellcheck=${false} hint=${NAME_HINT} value=${entered.name} onValue=${enter("name")} problem=${problemOf("name")} />
        <${Field} label="Reports every … seconds" type="number" inputmode="numeric" required min="1" max="2592000" step="1" hint=${seconds > 0 ? `That is ${everySaid(seconds)}, when all is well.` : ""}
          value=${entered.interval} onValue=${enter("interval")} problem=${problemOf("reportingIntervalSeconds")} />
        <${Field} label="Time" maxlength="200" autocomplete="off" autocapitalize="off" spellcheck=${false} hint=${TIME_HINT} value=${entered.timestampPath} onValue=${enter("timestampPath")} problem=${problemOf("timestampPath")} />
        <${LongText} label="Description" rows="2" maxlength="1000" hint="May be empty." value=${entered.description} onValue=${enter("description")} problem=${problemOf("description")} />
      <//>
      <${MetricFields} metrics=${entered.metrics} onMetrics=${enter("metrics")} problemOf=${problemOf} />
      <${Rest} of=${rest} />
      <div class="buttons"><${Button} type="submit" tone="primary" isBusy=${isBusy}>${yes}<//></div>
    </form>
  `;
}
