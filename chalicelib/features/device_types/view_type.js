// A device type: how often such a device reports, and what.

import { Answered, Button, Card, Chip, Empty, Facts, FormDialog, Instant, Name, Named, Table, addressOf, done, html, navigate, remove, useAnswer, useState } from "./console.js";
import { everySaid, limitsSaid, mayChange, originSaid, typeAddress, usualSaid } from "./view_words.js";

const COLUMNS = [
  { title: "Metric", isHeader: true, class: "part", cell: (metric) => html`<${Named} name=${metric.label} id=${metric.name} />` },
  { title: "Unit", class: "nowrap", cell: ({ unit }) => (unit === null ? "–" : html`<${Name}>${unit}<//>`) },
  { title: "Kind", cell: ({ dataType }) => dataType },
  { title: "Can be", class: "part", cell: (metric) => noted(limitsSaid(metric) ?? "anything", usualSaid(metric)) },
  { title: "Kept", class: "half", cell: (metric) => noted(originSaid(metric), metric.path) },
  { title: "Parameter", class: "part", cell: ({ parameterId }) => html`<${Name}>${parameterId}<//>` },
];

/** What is said, and in small letters below it what there is to add. */
const noted = (text, note) => html`<${Named} name=${text} id=${note ?? text} />`;

export function DeviceType({ params }) {
  const path = `device-types/${encodeURIComponent(params.device_type_id)}`;
  const type = useAnswer(path);
  return html`
    <p><a href=${addressOf(["device_types"])}>All device types</a></p>
    <${Answered} of=${type} lines=${6}>${(answer) => html`<${Shown} type=${answer} version=${type.version} path=${path} />`}<//>
  `;
}

function Shown({ type, version, path }) {
  const [asked, ask] = useState(null);
  const work = async (key) => {
    await remove(path, { key, version: asked });
    done(`There is no device type ${type.name} any more.`);
    navigate("device_types");
  };
  return html`
    <div class="stack">
      <${Card} title=${html`<${Name}>${type.name}<//>`}>
        <${Facts} facts=${factsOf(type)} />
        ${mayChange(type) && html`
          <div class="buttons">
            <a class="button" href=${typeAddress(type, "change")}>Change</a>
            <${Button} tone="danger" onClick=${() => ask(version)}>Remove…<//>
          </div>
        `}
      <//>
      <${Card} title="Metrics">
        ${type.metrics.length > 0
          ? html`<${Table} caption="What such a device reports, and what is computed" columns=${COLUMNS} rows=${type.metrics} keyOf=${({ name }) => name} />`
          : html`<${Empty}>Nothing is known of what such a device reports.<//>`}
      <//>
      <${FormDialog} title="Remove the device type?" yes="Remove it" no="Keep it" tone="danger" isOpen=${asked !== null} onClose=${() => ask(null)} work=${work}>
        <p>No device can be registered as <strong><${Name}>${type.name}<//></strong> any more. Its parameters stay in the dictionary: old readings go by them.</p>
      <//>
    </div>
  `;
}

function factsOf(type) {
  return [
    ["Description", type.description && html`<bdi class="whole">${type.description}</bdi>`],
    ["Reports", everySaid(type.reportingIntervalSeconds)],
    ["Time stands at", html`<${Name}>${type.timestampPath ?? "timestamp"}<//>`],
    ["Whose", type.isShared ? html`<${Chip} code="shared" tone="info" /> The platform's, for every organization to use.` : html`<${Name}>${type.organizationId}<//>`],
    ["Id", html`<${Name}>${type.deviceTypeId}<//>`],
    ["Since", html`<${Instant} at=${type.createdAt} />`],
    ["Last changed", html`<${Instant} at=${type.updatedAt} />`],
  ];
}
