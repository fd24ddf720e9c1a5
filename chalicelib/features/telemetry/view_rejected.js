// All that was not stored: how much for which reason, and each of it.

import { Answered, Card, Empty, FilterBar, Groups, filtersFrom, html, may, ownerIn, setQuery, useAnswer, useOwnerFields, words } from "./console.js";
import { Rejects, TryAgain } from "./view_rejects.js";

const REASONS = [
  "not_readable", "no_device", "unknown_device", "other_device", "no_time", "wrong_time", "ahead", "too_late", "no_values",
  "unknown_metric", "wrong_type", "wrong_unit", "out_of_limits", "not_storable",
];

const FIELDS = [
  { name: "reason", label: "Reason", options: REASONS },
  { name: "deviceId", label: "Device id" },
];

export function Rejected({ query }) {
  const counts = useAnswer("telemetry/rejects/reasons", ownerIn(query));
  const fields = [...useOwnerFields(), ...FIELDS];
  const filters = filtersFrom(fields, query);
  const { reason, deviceId } = filters;
  const of = { ...(reason && { reason }), ...(deviceId && { deviceId }) };
  const isAny = counts.answer?.reasons.length > 0;
  const tools = may("operator") && isAny && html`<${TryAgain} of=${of} query=${query}>${reason || deviceId ? "Try these again" : "Try all again"}<//>`;
  return html`
    <div class="stack">
      <${Card} label="By reason">
        <${Answered} of=${counts}>${({ reasons }) => html`<${Reasons} reasons=${reasons} chosen=${reason} />`}<//>
      <//>
      <${Card} title="What was rejected" tools=${tools}>
        <${FilterBar} fields=${fields} query=${query} />
        <${Rejects} filters=${filters} query=${query}
          empty=${Object.values(filters).some(Boolean) ? "No reject is like that." : "All that devices have sent is stored."} />
      <//>
    </div>
  `;
}

function Reasons({ reasons, chosen }) {
  if (reasons.length === 0) {
    return html`<${Empty}>Nothing is rejected.<//>`;
  }
  const counts = reasons.map(({ reason, rejects }) => ({ value: reason, count: rejects }));
  return html`<${Groups} groups=${[{ title: "By reason", counts, chosen, said: words, onChoose: (reason) => setQuery({ reason }) }]} />`;
}
