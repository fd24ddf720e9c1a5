// Which device reports which parameter, and a form that asks about any pair.

import { Age, Button, Card, FilterBar, Form, List, Named, filtersFrom, html, navigate, useState } from "./console.js";
import { IdField, devicesLike, parametersLike } from "./view_suggestions.js";
import { pairAddress } from "./view_words.js";

const FIELDS = [
  { name: "q", label: "Name", hint: "part of a name or an id" },
  { name: "device_id", label: "Device id" },
  { name: "parameter_id", label: "Parameter id" },
];

const COLUMNS = [
  { title: "Device", isHeader: true, class: "half", cell: (pair) => html`<a href=${pairAddress(pair)}><${Named} name=${pair.device_name} id=${pair.device_id} /></a>` },
  { title: "Parameter", class: "half", cell: (pair) => html`<${Named} name=${pair.parameter_name} id=${pair.parameter_id} />` },
  { title: "Last measured", class: "nowrap", cell: ({ last_seen_at: at }) => (at ? html`<${Age} at=${at} />` : "–") },
  { title: "Since", class: "nowrap", cell: ({ created_at: at }) => html`<${Age} at=${at} />` },
];

export function Pairs({ query }) {
  const filters = filtersFrom(FIELDS, query);
  const isFiltered = Object.values(filters).some(Boolean);
  return html`
    <div class="columns">
      <${ExplainForm} />
      <${Card} label="Pairs">
        <${FilterBar} fields=${FIELDS} query=${query} />
        <${List} path="device-parameters" filters=${filters} one="pair" columns=${COLUMNS}
          empty=${isFiltered ? "No pair is like that." : "The table is empty."}
          keyOf=${(pair) => JSON.stringify([pair.device_id, pair.parameter_id])} />
      <//>
    </div>
  `;
}

/** Asks about a pair, which need not be in any table. */
export function ExplainForm({ deviceId = "", parameterId = "" }) {
  const [device, setDevice] = useState(deviceId);
  const [parameter, setParameter] = useState(parameterId);
  const explain = () => navigate("device_parameters", "pairs", device.trim(), parameter.trim());
  return html`
    <${Card} title="Ask about a pair">
      <${Form} label="Ask about a pair" onSubmit=${explain}>
        <${IdField} label="Device id" value=${device} onValue=${setDevice} find=${devicesLike} />
        <${IdField} label="Parameter id" value=${parameter} onValue=${setParameter} find=${(typed, signal) => parametersLike(device.trim(), typed, signal)}
          hint="Names are suggested while you type; any pair may be asked for, even one in no table." />
        <${Button} type="submit" tone="primary">Explain<//>
      <//>
    <//>
  `;
}
