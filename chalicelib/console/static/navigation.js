// The way to every page that a view lists.

import { html } from "./html.js";
import { useEffect, useState } from "./preact_hooks.js";
import { addressOf, listedFor, listedPages, segmentsOf } from "./router.js";

/** *found* is where the reader is, as `pageAt` tells it; null on the overview and in no place. */
export function Navigation({ views, path, found }) {
  const [isOpen, open] = useState(false);
  // On a small screen the menu covers the page that was asked for.
  useEffect(() => open(false), [path?.join("/")]);
  return html`
    <nav class="navigation" aria-label="Console">
      <button type="button" class="menu" aria-expanded=${String(isOpen)} aria-controls="menu" onClick=${() => open(!isOpen)}>Menu</button>
      <div id="menu" class=${isOpen ? "menu-open" : "menu-shut"}>
        <ul><li><${Entry} href=${addressOf([])} current=${path?.length === 0 && "page"}>Overview<//></li></ul>
        ${views.map((view) => html`<${Group} key=${view.name} view=${view} found=${found} />`)}
      </div>
    </nav>
  `;
}

/** The pages of a view under its title; the title itself is the link where there is one page. */
function Group({ view, found }) {
  const pages = listedPages(view);
  const entry = (page, text) => {
    const href = addressOf([view.name, ...segmentsOf(page.path)]);
    return html`<${Entry} href=${href} current=${currentFor(view, page, found)}>${text}<//>`;
  };
  if (pages.length === 0) {
    return null;
  }
  if (pages.length === 1) {
    return html`<ul><li>${entry(pages[0], view.title)}</li></ul>`;
  }
  return html`
    <p class="group" id=${`group-${view.name}`}>${view.title}</p>
    <ul aria-labelledby=${`group-${view.name}`}>${pages.map((page) => html`<li key=${page.path}>${entry(page, page.title)}</li>`)}</ul>
  `;
}

function Entry({ href, current, children }) {
  return html`<a href=${href} aria-current=${current || undefined}>${children}</a>`;
}

/** `page` for the page itself, `true` for the one it is reached from. */
function currentFor(view, page, found) {
  if (found?.view !== view || listedFor(found) !== page) {
    return null;
  }
  return found.page === page ? "page" : "true";
}
