// A reading: how much, when, and what is unusual about it.

import { Age, Chip, Name, html } from "./console.js";

const SAID = { limits: "out of its usual limits", change: "changes fast", deviation: "unlike its usual values", stuck: "stuck" };

const DIGITS = 9; // What conversions add behind them was not measured.

/** Its value with its unit. */
export function Value({ reading: { value, unit, dataType } }) {
  const shown = dataType === "boolean" ? String(value === 1) : String(Number(value.toPrecision(DIGITS)));
  return html`<strong class="nowrap">${shown}</strong>${unit && html` <${Name}>${unit}<//>`}`;
}

export const Marks = ({ marks }) => marks.map((mark) => html` <${Chip} key=${mark} code=${SAID[mark] ?? mark} tone="warn" />`);

/** A line of it; when it was measured is said where that is not when the device last measured anything. */
export function Line({ reading, newestAt }) {
  return html`
    <div>
      <span class="quiet"><${Name}>${reading.metric}<//></span> <${Value} reading=${reading} />
      ${reading.measuredAt !== newestAt && html` <${Age} at=${reading.measuredAt} isShort />`}
      <${Marks} marks=${reading.marks} />
    </div>
  `;
}
