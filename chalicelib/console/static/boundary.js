// Where a part fails that a feature brings, the rest of the console goes on.

import { html } from "./html.js";
import { useErrorBoundary } from "./preact_hooks.js";

export function Boundary({ children }) {
  const [error, retry] = useErrorBoundary((thrown) => console.error(thrown));
  if (!error) {
    return children;
  }
  return html`
    <div class="notice notice-bad" role="alert">
      <p>This part of the page failed. Everything else works.</p>
      <button type="button" onClick=${retry}>Try it again</button>
    </div>
  `;
}

/** What *work* of a view gives, or *otherwise* where it fails. */
export function attempt(work, otherwise = null) {
  try {
    return work();
  } catch (error) {
    console.error(error);
    return otherwise;
  }
}
