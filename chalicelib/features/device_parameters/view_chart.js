// Additions up, removals down, a bar for each run at the instant it looked at.

import { Answered, Chart, Table, count, html, plural, useAnswer, useMemo, utc } from "./console.js";
import { scaleOf, timeLabels, timeRange } from "./view_scales.js";

const RECENT = 100;

const COLUMNS = [
  { title: "Run", isHeader: true, cell: (run) => run.run_id },
  { title: "As of, UTC", class: "nowrap", cell: (run) => utc(run.as_of) },
  { title: "Status", cell: (run) => run.status },
  { title: "Added", isNumeric: true, cell: (run) => count(run.deltas.added) },
  { title: "Removed", isNumeric: true, cell: (run) => count(run.deltas.removed) },
];

/** The newest hundred runs, asked for here. */
export function RunsChart() {
  const runs = useAnswer("runs", { limit: RECENT });
  return html`<${Answered} of=${runs}>${({ items }) => html`<${RunsDrawn} recent=${items} />`}<//>`;
}

function RunsDrawn({ recent }) {
  const runs = inOrder(recent);
  const drawn = JSON.stringify(runs.map((run) => [run.run_id, run.status, run.deltas]));
  const [data, optionsFor] = useMemo(() => [dataOf(runs), (tools) => optionsOf(runs, tools)], [drawn]);
  return html`
    <${Legend} />
    <${Chart} data=${data} optionsFor=${optionsFor} summary=${summaryOf(runs)} readout=${(index) => said(runs[index])}>
      <${Table} caption="Additions and removals by run" columns=${COLUMNS} rows=${[...runs].reverse()} keyOf=${(run) => run.run_id} />
    <//>
  `;
}

function Legend() {
  return html`
    <p class="legend" aria-hidden="true">
      <span class="key tone-good">added</span><span class="key tone-orange">removed</span><span class="key key-ring tone-bad">failed</span>
    </p>
  `;
}

/** A replay tells of the instant it replays, not of the one it was started at. */
const instantOf = (run) => Date.parse(run.as_of);

function inOrder(recent) {
  return recent
    .filter((run) => run.status !== "running")
    .sort((one, other) => instantOf(one) - instantOf(other) || one.run_id - other.run_id);
}

function summaryOf(runs) {
  if (runs.length === 0) {
    return "No run has ended yet; there is nothing to draw.";
  }
  const total = (name) => count(runs.reduce((sum, run) => sum + run.deltas[name], 0));
  const failed = runs.filter((run) => run.status === "failed").length;
  const span = `${utc(runs[0].as_of).slice(0, 16)} to ${utc(runs.at(-1).as_of).slice(0, 16)}`;
  return [
    `${plural(runs.length, "run")}, ${span}: ${total("added")} added, ${total("removed")} removed.`,
    failed > 0 ? `${plural(failed, "run")} failed.` : "",
    scaleOf(runs).isUneven ? "The scale is logarithmic, so that small runs can be seen beside large ones." : "",
  ].filter(Boolean).join(" ");
}

function said(run) {
  const deltas = `${count(run.deltas.added)} added, ${count(run.deltas.removed)} removed`;
  return `Run ${run.run_id}, as of ${utc(run.as_of)}, ${run.status}: ${deltas}`;
}

function dataOf(runs) {
  return [
    runs.map((run) => instantOf(run) / 1000),
    runs.map((run) => run.deltas.added || null),
    runs.map((run) => -run.deltas.removed || null),
    runs.map((run) => (run.status === "failed" ? 0 : null)),
  ];
}

function optionsOf(runs, { color, font, width, uPlot }) {
  const scale = scaleOf(runs);
  // Two runs close together would else make all bars as thin as the gap between them.
  const least = Math.min(Math.max((0.45 * width) / runs.length, 3), 12);
  const paths = uPlot.paths.bars({ size: [0.7, 18, least] });
  const bar = (label, tone) => ({ label, fill: color(tone), width: 0, paths, points: { show: false } });
  const line = { stroke: color("line"), width: 1 };
  const axis = { stroke: color("quiet"), font, ticks: line };
  const ring = { show: true, size: 9, width: 2, stroke: color("bad"), fill: color("card") };
  return {
    tzDate: (seconds) => uPlot.tzDate(new Date(seconds * 1000), "Etc/UTC"),
    cursor: { y: false, drag: { x: false, y: false }, points: { show: false } },
    scales: { x: { time: true, range: timeRange }, y: { distr: scale.isUneven ? 4 : 1, range: scale.range } },
    axes: [
      { ...axis, grid: { show: false }, space: 90, values: timeLabels },
      { ...axis, grid: line, size: 64, values: countLabels, ...scale.steps },
    ],
    series: [{}, bar("added", "good"), bar("removed", "orange"), { label: "failed", paths: () => null, points: ring }],
  };
}

const countLabels = (_, ticks) => ticks.map((tick) => (tick === null ? "" : count(Math.abs(tick))));
