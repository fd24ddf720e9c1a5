// What a device last said of itself, and when.

import { Answered, Card, Chip, Facts, Instant, Name, addressOf, html, useAnswer } from "./console.js";

const TONES = { ready: "good", degraded: "warn", error: "bad" };

export function DeviceState({ params }) {
  const state = useAnswer(`devices/${encodeURIComponent(params.device_id)}/state`);
  return html`
    <${Card} title=${html`<${Name}>${params.device_id}<//>`}>
      <${Answered} of=${state} lines=${6}>${(answer) => html`<${Facts} facts=${factsOf(answer)} />`}<//>
    <//>
  `;
}

function factsOf(state) {
  const site = addressOf(["heartbeats"], { site_id: state.site_id });
  const alive = state.is_stale ? html`<${Chip} code="silent" tone="bad" />` : html`<${Chip} code="alive" tone="good" />`;
  return [
    ["Last heartbeat", html`<${Instant} at=${state.last_seen_ts} /> ${alive}`],
    ["Site", html`<a href=${site}><${Name}>${state.site_id}<//></a>`],
    ["Says it is", state.status && html`<${Chip} code=${state.status} tone=${TONES[state.status]} />`],
    ["Agent", state.agent_version && html`<${Name}>${state.agent_version}<//>`],
    ["Load", withUnit(state.cpu_pct, "%")],
    ["Free space", withUnit(state.disk_free_gb, "GB")],
    ["Waiting to be sent", state.queue_depth],
    ["Measures every", withUnit(state.poll_interval_s, "s")],
    ["Last upload", state.last_upload_ts && html`<${Instant} at=${state.last_upload_ts} />`],
  ];
}

const withUnit = (value, unit) => (value === null ? null : `${value} ${unit}`);
