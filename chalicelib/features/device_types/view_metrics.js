// The metrics of a device type in its form, each a box of its own.

import { Button, Card, Check, Empty, Field, Select, html, isOfPlatform, useEffect, useRef } from "./console.js";
import { newMetric } from "./view_entered.js";
import { DATA_TYPES } from "./view_words.js";

const EXPRESSION_HINT = "Of other metrics of this type, such as temperature - (100 - humidity) / 5.";
const PATH_HINT = "Where it stands in what devices send, such as payload.temperature; empty where it stands under its name.";
const PARAMETER_HINT = "What its readings are kept as; empty for one that is made.";

/** *problemOf* is that of the form; the API names a metric by its place. */
export function MetricFields({ metrics, onMetrics, problemOf }) {
  const list = useFocusOnNew(metrics.length);
  const change = (index) => (changes) => onMetrics(metrics.map((metric, at) => (at === index ? { ...metric, ...changes } : metric)));
  const removeAt = (index) => () => onMetrics(metrics.filter((_, at) => at !== index));
  const up = (index) => () => onMetrics(metrics.toSpliced(index - 1, 2, metrics[index], metrics[index - 1]));
  const box = (metric, index) => boxOf(metric, index, change(index), removeAt(index), up(index), (name) => problemOf(`metrics[${index}]${name && `.${name}`}`));
  return html`
    <${Card} title="Metrics">
      <div class="boxes" ref=${list} tabindex="-1">
        ${metrics.length === 0 && html`<${Empty}>Nothing yet: what does such a device report?<//>`}
        ${metrics.map(box)}
      </div>
      <p class="field-problem">${problemOf("metrics")}</p>
      <${Button} onClick=${() => onMetrics([...metrics, newMetric()])}>Add a metric<//>
    <//>
  `;
}

function boxOf(metric, index, change, onRemove, onUp, problemOf) {
  const field = (name) => ({ value: metric[name], onValue: (value) => change({ [name]: value }), problem: problemOf(name) });
  const number = { type: "number", step: "any", inputmode: "decimal" };
  return html`
    <fieldset key=${metric.key}>
      <legend>${metric.label || metric.name || `Metric ${index + 1}`}</legend>
      <div class="side-by-side">
        <${Field} label="Name" required maxlength="64" autocomplete="off" autocapitalize="off" spellcheck=${false} hint="What devices call it." ...${field("name")} />
        <${Field} label="Label" maxlength="100" autocomplete="off" hint="What people call it." ...${field("label")} />
      </div>
      <div class="side-by-side">
        <${Field} label="Unit" maxlength="32" autocomplete="off" ...${field("unit")} />
        <${Select} label="Kind" options=${DATA_TYPES} ...${field("dataType")} />
        <${Field} label="Least" ...${number} ...${field("minimum")} />
        <${Field} label="Greatest" ...${number} ...${field("maximum")} />
      </div>
      <${Check} label="Computed from other metrics" value=${metric.isComputed} onValue=${(isComputed) => change({ isComputed, ...(isComputed && { dataType: "number" }) })} />
      ${metric.isComputed && html`<${Field} label="Expression" required maxlength="500" autocomplete="off" autocapitalize="off" spellcheck=${false} hint=${EXPRESSION_HINT} ...${field("expression")} />`}
      ${!metric.isComputed && html`<${Field} label="Stands at" maxlength="200" autocomplete="off" autocapitalize="off" spellcheck=${false} hint=${PATH_HINT} ...${field("path")} />`}
      ${!metric.isComputed && html`<${Check} label="Converted: reported × scale + offset" value=${metric.isConverted} onValue=${(isConverted) => change({ isConverted })} problem=${problemOf("conversion")} />`}
      ${!metric.isComputed && metric.isConverted && html`
        <div class="side-by-side">
          <${Field} label="Scale" required ...${number} ...${field("scale")} problem=${problemOf("conversion.scale")} />
          <${Field} label="Offset" required ...${number} ...${field("offset")} problem=${problemOf("conversion.offset")} />
          <${Field} label="Reported in" maxlength="32" autocomplete="off" ...${field("fromUnit")} problem=${problemOf("conversion.fromUnit")} />
        </div>
      `}
      ${metric.dataType !== "boolean" && html`<${Check} label="Other values than the usual ones are marked" value=${metric.isUsualSaid} onValue=${(isUsualSaid) => change({ isUsualSaid })} problem=${problemOf("usual")} />`}
      ${metric.dataType !== "boolean" && metric.isUsualSaid && html`
        <div class="side-by-side">
          <${Field} label="Usual from" ...${number} ...${field("usualMinimum")} problem=${problemOf("usual.minimum")} />
          <${Field} label="Usual to" ...${number} ...${field("usualMaximum")} problem=${problemOf("usual.maximum")} />
          <${Field} label="Changes in a minute by at most" ...${number} ...${field("changePerMinute")} problem=${problemOf("usual.changePerMinute")} />
        </div>
        <${Check} label="What differs much from the device's own recent values is marked" ...${field("isDeviationWatched")} problem=${problemOf("usual.deviation")} />
      `}
      ${isOfPlatform() && html`<${Field} label="Parameter" maxlength="256" autocomplete="off" spellcheck=${false} hint=${PARAMETER_HINT} ...${field("parameterId")} />`}
      <div class="buttons">
        ${index > 0 && html`<${Button} onClick=${onUp}>Move up<//>`}
        <${Button} onClick=${onRemove}>Take it away<//>
      </div>
    </fieldset>
  `;
}

/** Whoever adds a metric goes on in it; whoever takes one away would lose the focus with it. */
function useFocusOnNew(length) {
  const list = useRef();
  const before = useRef(length);
  useEffect(() => {
    const isMore = length > before.current;
    if (length !== before.current) {
      before.current = length;
      (isMore ? list.current.querySelector("fieldset:last-of-type input") : list.current).focus();
    }
  }, [length]);
  return list;
}
