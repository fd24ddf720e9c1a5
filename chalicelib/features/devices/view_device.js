// A device: how it is, what it measured last, what was done to it, and what can be done.

import { Answered, Button, Card, Chip, Empty, Facts, Instant, Name, addressOf, html, may, useAnswer, useState } from "./console.js";
import { Certificates } from "./view_certificates.js";
import { ChangeDialog } from "./view_change.js";
import { Changes, Reports, Transitions } from "./view_history.js";
import { DeletionDialog, MaintenanceDialog, ReturnDialog } from "./view_maintenance.js";
import { KNOWN_METADATA, TONES, devicePath, placeSaid } from "./view_words.js";

export function Device({ params }) {
  const path = devicePath(params.device_id);
  const device = useAnswer(path);
  return html`
    <p><a href=${addressOf(["devices"])}>All devices</a></p>
    <${Answered} of=${device} lines=${8}>${(answer) => html`<${Shown} device=${answer} version=${device.version} path=${path} />`}<//>
  `;
}

function Shown({ device, version, path }) {
  // What is changed is what was on the page when somebody asked for it.
  const [asked, ask] = useState(null);
  const dialog = (what) => ({ asked, path, isOpen: asked?.what === what, onClose: () => ask(null) });
  const open = (what) => () => ask({ what, device, version });
  return html`
    <div class="panels">
      <div class="stack">
        <${Card} title=${html`<${Name}>${device.name}<//>`}>
          <${Facts} facts=${factsOf(device)} />
          ${may("operator") && html`<${Actions} device=${device} open=${open} />`}
        <//>
        <${Card} title="Last readings"><${LastReading} reading=${device.lastReading} units=${device.lastReadingUnits} /><//>
        <${Card} title="What it reports"><${Reports} deviceId=${device.deviceId} path=${path} /><//>
      </div>
      <div class="stack">
        <${Card} title="Certificates"><${Certificates} deviceId=${device.deviceId} path=${path} /><//>
        <${Card} title="Online and offline"><${Transitions} path=${path} /><//>
        <${Card} title="What was done to it"><${Changes} path=${path} /><//>
      </div>
    </div>
    <${ChangeDialog} ...${dialog("change")} />
    <${MaintenanceDialog} ...${dialog("maintenance")} />
    <${ReturnDialog} ...${dialog("return")} />
    <${DeletionDialog} ...${dialog("deletion")} />
  `;
}

function Actions({ device, open }) {
  return html`
    <div class="buttons">
      <${Button} onClick=${open("change")}>Change…<//>
      ${device.status === "maintenance" ? html`<${Button} onClick=${open("return")}>End the maintenance…<//>` : html`<${Button} onClick=${open("maintenance")}>Maintenance…<//>`}
      ${may("admin") && html`<${Button} tone="danger" onClick=${open("deletion")}>Delete…<//>`}
    </div>
  `;
}

function factsOf(device) {
  const { location, connectivity, metadata, health } = device;
  const named = (text) => (text ? html`<${Name}>${text}<//>` : null);
  return [
    ["Status", html`<${Chip} code=${device.status} tone=${TONES[device.status]} /> ${heardSaid(device)}`],
    ["Last seen", device.lastSeen ? html`<${Instant} at=${device.lastSeen} />` : "never"],
    ["Maintenance", device.maintenanceUntil && html`until <${Instant} at=${device.maintenanceUntil} />`],
    ["Uptime", percent(health?.uptime)],
    ["Data quality", percent(health?.dataQuality)],
    ["Type", named(device.type)],
    ["Firmware", named(device.firmwareVersion)],
    ["Address", named(location?.address)],
    ["Place", placeSaid(location)],
    ["Connected by", named([connectivity?.type, connectivity?.simId, connectivity?.ipAddress].filter(Boolean).join(", "))],
    ["Signal", connectivity?.signalStrength === undefined || connectivity.signalStrength === null ? null : `${connectivity.signalStrength} dBm`],
    ...Object.entries(metadata).map(([field, value]) => [KNOWN_METADATA[field] ?? field, named(value)]),
    ["Tags", device.tags.length > 0 ? html`<${Name}>${device.tags.join(", ")}<//>` : null],
    ["Telemetry", html`<a href=${addressOf(["telemetry", "of", device.deviceId])}>What it measures now, and what was rejected</a>`],
    ["Heartbeats", html`<a href=${addressOf(["heartbeats", "devices", device.deviceId])}>What it last said of itself</a>`],
    ["Organization", named(device.organizationId)],
    ["Id", named(device.deviceId)],
    ["Registered", html`<${Instant} at=${device.createdAt} />`],
    ["Last changed", html`<${Instant} at=${device.updatedAt} />`],
  ];
}

/** In maintenance it may be heard of or not all the same. */
function heardSaid({ status, connectivityStatus }) {
  const said = { online: "It is heard of.", offline: "It is not heard of.", never: "It has never been heard of." };
  return ["maintenance", "registered"].includes(status) && said[connectivityStatus];
}

const percent = (value) => (value === null || value === undefined ? null : `${value} %, over 30 days`);

function LastReading({ reading, units }) {
  if (!reading) {
    return html`<${Empty}>Nothing has been measured yet.<//>`;
  }
  const { timestamp, ...values } = reading;
  const facts = Object.entries(values).map(([name, value]) => [name, withUnit(value, units[name])]);
  return html`<${Facts} facts=${[...facts, ["Newest", html`<${Instant} at=${timestamp} />`]]} />`;
}

function withUnit(value, unit) {
  return unit === undefined ? String(value) : `${value} ${unit}`;
}
