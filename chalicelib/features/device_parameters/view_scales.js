// The scales of the chart: logarithmic where small runs would be too low to see beside large ones.

import { utc } from "./console.js";

const HOUR = 3600;
const UNEVEN = 40;
const POWERS = Array.from({ length: 9 }, (_, power) => 10 ** power);

/** `{isUneven, range, steps}` for the sizes of *runs*, as uPlot takes them. */
export function scaleOf(runs) {
  const sizes = runs.flatMap((run) => [run.deltas.added, run.deltas.removed]).filter((size) => size > 0);
  sizes.sort((one, other) => one - other);
  const isUneven = sizes.length > 0 && sizes.at(-1) > UNEVEN * sizes[sizes.length >> 1];
  return { isUneven, range: (_, low, high) => around(low, high, isUneven ? 1.5 : 1.08), steps: steps(isUneven) };
}

function around(low, high, room) {
  const [down, up] = [Math.min(low ?? 0, 0), Math.max(high ?? 0, 0)];
  return down === 0 && up === 0 ? [-1, 1] : [down * room, up * room];
}

/** Where the scale is logarithmic the powers of ten, else 1, 2, 5, 10 …: there is no half a pair. */
function steps(isUneven) {
  if (isUneven) {
    return { splits: (_, __, low, high) => powersWithin(low, high), filter: (_, ticks) => ticks };
  }
  return { incrs: POWERS.flatMap((power) => [power, 2 * power, 5 * power]), space: 28 };
}

function powersWithin(low, high) {
  const powers = POWERS.slice(1).filter((power) => power <= Math.max(high, -low));
  // Every second one where there would be little room for all.
  const told = powers.filter((_, index) => powers.length <= 4 || index % 2 === 0);
  const below = told.filter((power) => -power >= low).map((power) => -power);
  return [...below.reverse(), 0, ...told.filter((power) => power <= high)];
}

export function timeRange(_, from, to) {
  const margin = Math.max((to - from) * 0.02, HOUR / 2);
  return [from - margin, to + margin];
}

/** Hours where ticks are hours apart, with the date where it begins; else dates. */
export function timeLabels(_, ticks) {
  const isDaily = ticks.length > 1 && ticks[1] - ticks[0] >= 24 * HOUR;
  const dateOf = (tick) => utc(tick * 1000).slice(0, 10);
  return ticks.map((tick, index) => {
    const [date, clock] = [dateOf(tick).slice(5), utc(tick * 1000).slice(11, 16)];
    const isNewDay = index === 0 || dateOf(tick) !== dateOf(ticks[index - 1]);
    return isDaily ? date : isNewDay ? `${clock}\n${date}` : clock;
  });
}
