// Removals that wait for a person: how many of what kind, which ones, and how to let them go.

import { Answered, Button, Card, Empty, Facts, FilterBar, Groups, Instant, filtersFrom, html, may, plural, setQuery, useAnswer, useRef, useState, words } from "./console.js";
import { CsvDownload } from "./view_csv.js";
import { Freshness } from "./view_freshness.js";
import { HeldList } from "./view_held.js";
import { ReleaseDialog, ReleaseOutcome } from "./view_release.js";
import { useResult } from "./view_results.js";
import { REASONS, SCOPES } from "./view_words.js";

const GROUPS_SHOWN = 50;

const FIELDS = [
  { name: "reason", label: "Reason", options: REASONS },
  { name: "scope", label: "Held for", options: Object.entries(SCOPES) },
  { name: "site_id", label: "Site" },
  { name: "device_type_id", label: "Device type" },
  { name: "device_id", label: "Device id" },
  { name: "parameter_id", label: "Parameter id" },
];

const FACETS = [
  { name: "reason", counts: "reasons", title: "By reason", said: words },
  { name: "scope", counts: "scopes", title: "Held for", said: (scope) => SCOPES[scope] ?? scope },
  { name: "site_id", counts: "sites", title: "By site" },
  { name: "device_type_id", counts: "device_types", title: "By device type" },
  { name: "parameter_id", counts: "parameters", title: "By parameter" },
];

export function Removals({ query }) {
  const filters = filtersFrom(FIELDS, query);
  const review = useAnswer("removals/summary", filters);
  const [asked, ask] = useState(null);
  const [result, tell] = useResult();
  const [isRunOffered, offerRun] = useState(false);
  const release = (pairs) => ask({ review: review.answer, pairs, filter: chosenIn(filters) });
  const released = (text, tone) => {
    tell(text, tone, true);
    offerRun(true);
  };
  return html`
    <div class="stack">
      ${result.text && html`<${ReleaseOutcome} result=${result} tell=${tell} isRunOffered=${isRunOffered} onRun=${() => offerRun(false)} />`}
      <${Review} review=${review} filters=${filters} query=${query} onRelease=${() => release(null)} />
      <${Card} title="Held removals" tools=${html`<${CsvDownload} key=${keyOf(filters)} filters=${filters} />`}>
        <${HeldList} key=${keyOf(filters)} filters=${filters} isReviewed=${review.answer !== null} onRelease=${release} />
      <//>
      <${ReleaseDialog} asked=${asked} newestAt=${(review.answer ?? asked?.review)?.newest_measurement_at ?? null} onClose=${() => ask(null)} onReleased=${released} />
    </div>
  `;
}

const keyOf = (filters) => JSON.stringify(filters);

/** What is filtered by, as `[label, value]` in words. */
function chosenIn(filters) {
  const chosen = FIELDS.filter(({ name }) => filters[name]);
  return chosen.map(({ name, label }) => [label.toLowerCase(), saidOf(name)(filters[name])]);
}

const saidOf = (name) => FACETS.find((facet) => facet.name === name)?.said ?? ((value) => value);

/** What was chosen may be gone with the answer, and the focus with it: the card keeps it. */
function Review({ review, filters, query, onRelease }) {
  const card = useRef();
  const choose = (name) => (value) => {
    setQuery({ [name]: value });
    card.current.focus({ preventScroll: true });
  };
  const isFiltered = Object.values(filters).some(Boolean);
  return html`
    <${Card} label="Review" sectionRef=${card}>
      <${FilterBar} fields=${FIELDS} query=${query} />
      <${Answered} of=${review} lines=${6}>
        ${(answer) => html`<${Reviewed} review=${answer} filters=${filters} isFiltered=${isFiltered} onChoose=${choose} onRelease=${onRelease} />`}
      <//>
    <//>
  `;
}

function Reviewed({ review, filters, isFiltered, onChoose, onRelease }) {
  if (review.count === 0) {
    return html`<${Empty}>${isFiltered ? "No removal that waits is like that." : "No removal waits for a person."}<//><${Freshness} at=${review.newest_measurement_at} />`;
  }
  const groups = FACETS.map(({ name, counts, ...facet }) => ({ ...facet, counts: review[counts], chosen: filters[name], onChoose: onChoose(name) }));
  return html`
    <p class="verdict" role="status">${saidOfCount(review.count, isFiltered)}</p>
    <${Freshness} at=${review.newest_measurement_at} />
    <${Facts} facts=${seenIn(review)} />
    <${Groups} groups=${groups} most=${GROUPS_SHOWN} />
    ${may("admin")
      ? html`<div class="buttons"><${Button} tone="danger" onClick=${onRelease}>Release ${plural(review.count, "removal")}…<//></div>`
      : html`<p class="quiet">Releasing them takes the role admin.</p>`}
  `;
}

function saidOfCount(number, isFiltered) {
  return `${plural(number, "removal")} ${number === 1 ? "waits" : "wait"} for a person${isFiltered ? ", as filtered" : ""}.`;
}

function seenIn({ last_seen_from: from, last_seen_until: until }) {
  return [
    ["Last seen from", from && html`<${Instant} at=${from} />`],
    ["Last seen until", until && html`<${Instant} at=${until} />`],
  ];
}
