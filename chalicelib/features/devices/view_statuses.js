// How many devices are how, for the overview.

import { Answered, Empty, Tiles, html, useAnswer } from "./console.js";
import { STATUSES, TONES } from "./view_words.js";

/** A page of one item tells how many there are; how many are of each status is kept, and costs nothing to ask. */
export function Statuses() {
  const counted = STATUSES.map((status) => useAnswer("devices", { status, pageSize: 1 }));
  const error = counted.find((each) => each.error)?.error ?? null;
  const answer = counted.every((each) => each.answer) ? counted.map((each) => each.answer.pagination.totalItems) : null;
  return html`<${Answered} of=${{ answer, error }} lines=${2}>${(totals) => html`<${Totals} totals=${totals} />`}<//>`;
}

function Totals({ totals }) {
  const tiles = STATUSES.map((status, index) => ({ name: status, tone: TONES[status], value: totals[index] }));
  return totals.some((total) => total > 0) ? html`<${Tiles} tiles=${tiles} label="Devices by status" />` : html`<${Empty}>No device is registered yet.<//>`;
}
