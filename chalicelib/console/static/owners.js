// Whose things are shown: the platform's own people choose an organization, everybody else sees their own.

import { useAnswer } from "./answers.js";
import { Select } from "./fields.js";
import { Field } from "./form.js";
import { html } from "./html.js";
import { Name } from "./parts.js";
import { OWNER } from "./router.js";
import { isOfPlatform } from "./session.js";

const MOST = 500; // What one request gives at most. Where there are more, ids are typed.

/** The field of a `FilterBar` that chooses an organization, in a list; the list is empty for those who cannot choose. */
export function useOwnerFields() {
  const { answer } = useOrganizations();
  if (!isOfPlatform() || answer?.items.length === 0) {
    return [];
  }
  const field = { name: OWNER, label: "Organization" };
  return [answer?.next ? { ...field, hint: "an id" } : { ...field, any: "all organizations", options: optionsOf(answer) }];
}

/** In a form that adds something: whose it is to be. It is not there where only one can be meant. */
export function OwnerField({ value, onValue, problem }) {
  const { answer } = useOrganizations();
  if (!isOfPlatform() || !answer || answer.items.length < 2) {
    const said = answer?.items.length === 0 ? "There is no organization yet. Add one first." : problem;
    return said && html`<p class="field-problem" role="alert">${said}</p>`;
  }
  return answer.next
    ? html`<${Field} label="Organization" hint="Its id." required autocomplete="off" value=${value} onValue=${onValue} problem=${problem} />`
    : html`<${Select} label="Organization" required options=${[["", "choose one"], ...optionsOf(answer)]} value=${value} onValue=${onValue} problem=${problem} />`;
}

/** A column that says whose a row is, in a list; for those who see the rows of several. */
export function ownerColumns(query) {
  const column = { title: "Organization", class: "part", cell: (row) => html`<${Name}>${row.organizationId}<//>` };
  return isOfPlatform() && !query[OWNER] ? [column] : [];
}

/** The organization that is chosen, as a parameter of a request. */
export const ownerIn = (query) => (isOfPlatform() ? { [OWNER]: query[OWNER] ?? "" } : {});

const useOrganizations = () => useAnswer(isOfPlatform() ? "organizations" : null, { pageSize: MOST });

const optionsOf = (answer) => (answer?.items ?? []).map(({ organizationId, name }) => [organizationId, name]);
