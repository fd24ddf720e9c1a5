// Additions up, removals down, a bar for each run at the instant it looked at.

import { byId, element, fill, say, table } from "./dom.js";
import { count, plural, utc } from "./format.js";

const HOUR = 3600;
// From here on the small runs would be too low to see beside the large ones.
const UNEVEN = 40;
const POWERS = Array.from({ length: 9 }, (_, power) => 10 ** power);

const view = { plot: null, drawn: "", runs: [] };

/** Draw *recent* runs, oldest first; nothing happens where nothing changed. */
export function showChart(recent) {
  const runs = recent
    .filter((run) => run.status !== "running")
    .sort((one, other) => instantOf(one) - instantOf(other) || one.run_id - other.run_id);
  const known = JSON.stringify(runs.map((run) => [run.run_id, run.status, run.deltas]));
  if (known === view.drawn) {
    return;
  }
  Object.assign(view, { drawn: known, runs });
  tell(runs);
  draw();
}

/** A replay tells of the instant it replays, not of the one it was started at. */
const instantOf = (run) => Date.parse(run.as_of);

/** Redraw where the colours or the width change. */
export function watchChart() {
  matchMedia("(prefers-color-scheme: dark)").addEventListener("change", draw);
  new ResizeObserver(() => view.plot?.setSize(size())).observe(byId("chart-plot"));
}

function tell(runs) {
  say(byId("chart-summary"), summary(runs));
  byId("chart-details").hidden = runs.length === 0;
  const columns = [
    { title: "Run", header: true, cell: (run) => String(run.run_id) },
    { title: "As of, UTC", cell: (run) => utc(run.as_of), class: "nowrap" },
    { title: "Status", cell: (run) => run.status },
    { title: "Added", numeric: true, cell: (run) => count(run.deltas.added) },
    { title: "Removed", numeric: true, cell: (run) => count(run.deltas.removed) },
  ];
  fill(byId("chart-table"), table("Additions and removals by run", columns, [...runs].reverse()));
}

function summary(runs) {
  if (runs.length === 0) {
    return "No run has ended yet; there is nothing to draw.";
  }
  const total = (name) => runs.reduce((sum, run) => sum + run.deltas[name], 0);
  const failed = runs.filter((run) => run.status === "failed").length;
  const span = `${utc(runs[0].as_of).slice(0, 16)} to ${utc(runs.at(-1).as_of).slice(0, 16)}`;
  return [
    `${plural(runs.length, "run")}, ${span}: ${count(total("added"))} added, ${count(total("removed"))} removed.`,
    failed > 0 ? `${plural(failed, "run")} failed.` : "",
    isUneven(runs) ? "The scale is logarithmic, so that small runs can be seen beside large ones." : "",
  ].filter(Boolean).join(" ");
}

function isUneven(runs) {
  const sizes = runs.flatMap((run) => [run.deltas.added, run.deltas.removed]).filter((size) => size > 0);
  sizes.sort((one, other) => one - other);
  return sizes.length > 0 && sizes.at(-1) > UNEVEN * sizes[sizes.length >> 1];
}

function draw() {
  view.plot?.destroy();
  view.plot = null;
  const target = byId("chart-plot");
  target.hidden = view.runs.length === 0;
  if (view.runs.length === 0) {
    return;
  }
  if (!window.uPlot) {
    withoutLibrary(target);
    return;
  }
  view.plot = new window.uPlot(options(), data(), target);
}

function withoutLibrary(target) {
  target.removeAttribute("role");
  target.removeAttribute("aria-labelledby");
  const remedy = element("code", {}, "python -m web.build");
  const text = "The chart cannot be drawn: its library was not packaged. Run ";
  fill(target, element("p", { class: "empty" }, text, remedy, " before packaging. The numbers are in the table below."));
  byId("chart-details").open = true;
}

function data() {
  const { runs } = view;
  return [
    runs.map((run) => instantOf(run) / 1000),
    runs.map((run) => run.deltas.added || null),
    runs.map((run) => -run.deltas.removed || null),
    runs.map((run) => (run.status === "failed" ? 0 : null)),
  ];
}

function size() {
  const width = byId("chart-plot").clientWidth;
  return { width, height: width < 480 ? 180 : 220 };
}

function options() {
  const style = getComputedStyle(document.documentElement);
  const color = (name) => style.getPropertyValue(`--${name}`).trim();
  const { uPlot } = window;
  // Two runs close together would else make all bars as thin as the gap between them.
  const least = Math.min(Math.max((0.45 * size().width) / view.runs.length, 3), 12);
  const paths = uPlot.paths.bars({ size: [0.7, 18, least] });
  const bar = (name) => ({ label: name, fill: color(name), width: 0, paths, points: { show: false } });
  const line = { stroke: color("line"), width: 1 };
  const axis = { stroke: color("quiet"), font: `12px ${style.fontFamily}`, ticks: line };
  return {
    ...size(),
    tzDate: (seconds) => uPlot.tzDate(new Date(seconds * 1000), "Etc/UTC"),
    legend: { show: false },
    cursor: { y: false, drag: { x: false, y: false }, points: { show: false } },
    scales: {
      x: { time: true, range: (_, from, to) => padded(from, to) },
      y: { distr: isUneven(view.runs) ? 4 : 1, range: (_, low, high) => around(low, high) },
    },
    axes: [
      { ...axis, grid: { show: false }, space: 90, values: timeLabels },
      { ...axis, grid: line, size: 64, values: countLabels, ...steps() },
    ],
    series: [
      {},
      bar("added"),
      bar("removed"),
      {
        label: "failed",
        paths: () => null,
        points: { show: true, size: 9, width: 2, stroke: color("bad"), fill: color("card") },
      },
    ],
    hooks: { setCursor: [readOut] },
  };
}

function padded(from, to) {
  const margin = Math.max((to - from) * 0.02, HOUR / 2);
  return [from - margin, to + margin];
}

function around(low, high) {
  const [down, up] = [Math.min(low ?? 0, 0), Math.max(high ?? 0, 0)];
  const room = isUneven(view.runs) ? 1.5 : 1.08;
  return down === 0 && up === 0 ? [-1, 1] : [down * room, up * room];
}

/** Where the scale is logarithmic the powers of ten, else 1, 2, 5, 10 …: there is no half a pair. */
function steps() {
  if (isUneven(view.runs)) {
    return { splits: (_, __, low, high) => powersWithin(low, high), filter: (_, ticks) => ticks };
  }
  const whole = POWERS.flatMap((power) => [power, 2 * power, 5 * power]);
  return { incrs: whole, space: 28 };
}

function powersWithin(low, high) {
  const powers = POWERS.slice(1).filter((power) => power <= Math.max(high, -low));
  // Every second one where there would be little room for all.
  const told = powers.filter((_, index) => powers.length <= 4 || index % 2 === 0);
  const below = told.filter((power) => -power >= low).map((power) => -power);
  return [...below.reverse(), 0, ...told.filter((power) => power <= high)];
}

/** Hours where ticks are hours apart, with the date where it begins; else dates. */
function timeLabels(_, ticks) {
  const isDaily = ticks.length > 1 && ticks[1] - ticks[0] >= 24 * HOUR;
  return ticks.map((tick, index) => {
    const [date, clock] = utc(tick * 1000).split(" ");
    const isNewDay = index === 0 || date !== utc(ticks[index - 1] * 1000).split(" ")[0];
    if (isDaily) {
      return date.slice(5);
    }
    return isNewDay ? `${clock.slice(0, 5)}\n${date.slice(5)}` : clock.slice(0, 5);
  });
}

function countLabels(_, ticks) {
  return ticks.map((tick) => (tick === null ? "" : count(Math.abs(tick))));
}

function readOut(plot) {
  const run = plot.cursor.idx == null ? null : view.runs[plot.cursor.idx];
  const text = run
    ? `Run ${run.run_id}, as of ${utc(run.as_of)}, ${run.status}: ` +
      `${count(run.deltas.added)} added, ${count(run.deltas.removed)} removed`
    : "";
  say(byId("chart-readout"), text);
}
