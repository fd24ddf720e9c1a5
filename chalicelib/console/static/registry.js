// The views of the features. One that cannot be loaded takes nothing else with it.

import { Unavailable } from "./states.js";
import { FEATURES } from "./views.js";

const LAST = 1_000;

/** Every view with the name of its feature, in the order of the navigation. */
export async function loadViews() {
  const views = await Promise.all(FEATURES.map(load));
  return views.sort((one, other) => one.order - other.order);
}

async function load(name) {
  try {
    const { view } = await import(`./${name}.view.js`);
    requireView(view);
    return { order: LAST, ...view, name, pages: scoped(view, view.pages), panels: scoped(view, view.panels ?? []) };
  } catch (error) {
    console.error(error);
    return broken(name);
  }
}

function requireView(view) {
  const isPage = (page) => typeof page.path === "string" && page.title && page.Component;
  if (typeof view?.title !== "string" || !view.pages?.length || !view.pages.every(isPage)) {
    throw new TypeError("a view needs a title and pages, each with path, title and Component");
  }
}

/** A view may say once for all of its parts whom they are for. */
const scoped = ({ scope }, parts) => parts.map((part) => ({ scope, ...part }));

/** What stands in the navigation for a view that cannot be loaded. */
function broken(name) {
  const title = name.replaceAll("_", " ");
  const page = { path: "", title, isListed: true, Component: Unavailable };
  return { name, title, order: LAST, panels: [], pages: [page] };
}
