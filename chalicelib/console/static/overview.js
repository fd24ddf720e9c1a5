// What a reader sees first: a panel or more of each feature.

import { Boundary } from "./boundary.js";
import { html } from "./html.js";
import { Card } from "./parts.js";
import { addressOf, segmentsOf } from "./router.js";
import { isOffered } from "./session.js";
import { Empty } from "./states.js";

export function Overview({ views }) {
  const panels = views.flatMap((view) => view.panels.map((panel) => ({ view, panel })));
  const offered = panels.filter(({ panel }) => isOffered(panel));
  if (offered.length === 0) {
    return html`<${Empty}>Nothing is reported here yet. The navigation leads to all pages that are for you.<//>`;
  }
  return html`
    <div class="panels">
      ${offered.map(({ view, panel }) => html`<${Panel} key=${view.name + panel.title} view=${view} panel=${panel} />`)}
    </div>
  `;
}

/** A feature's panel; its heading leads to where there is more of it. */
function Panel({ view, panel }) {
  const href = addressOf([view.name, ...segmentsOf(panel.path ?? "")]);
  const title = html`<a href=${href}>${panel.title}</a>`;
  return html`
    <${Card} title=${title} isWide=${panel.isWide}>
      <${Boundary}><${panel.Component} /><//>
    <//>
  `;
}
