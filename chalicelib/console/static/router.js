// Addresses behind the `#`, such as `#/toys/balls/42?status=flat`: the name of a feature, the path
// of one of its pages, and what its lists are filtered by.

import { isOffered } from "./session.js";
import { store } from "./store.js";

/** The parameter that names the organization whose things are looked at; it stays from page to page. */
export const OWNER = "organizationId";

const here = store(parse(location.hash));
const readHash = () => here.set(parse(location.hash));
window.addEventListener("hashchange", readHash);

/** Where the reader is: `{path: ["toys", "balls", "42"], query: {…}}`; a path of null is unreadable. */
export const useAddress = here.use;

/** The address of a page of the console, ready for `href`. Whose things are looked at goes along. */
export function addressOf(segments, query = {}) {
  const path = segments.map(encodeURIComponent).join("/");
  const search = new URLSearchParams(given({ [OWNER]: here.get().query[OWNER], ...query })).toString();
  return search ? `#/${path}?${search}` : `#/${path}`;
}

/** Go to a page, as a link does. */
export function navigate(...segments) {
  location.hash = addressOf(segments);
}

/**
 * Keep *changes* to the filters in the address, without a step of their own in the history. What is
 * filtered anew begins at its first page.
 */
export function setQuery(changes) {
  history.replaceState(null, "", addressWith({ page: "", ...changes }));
  readHash();
}

/** The address of where the reader is, with *changes* to the filters in it. */
export function addressWith(changes) {
  const { path, query } = here.get();
  return addressOf(path ?? [], { ...query, ...changes });
}

/** Go on at *address* instead of the one that was asked for. */
export function redirect(address) {
  history.replaceState(null, "", address);
  readHash();
}

/** What is empty is not there. */
export function given(parameters) {
  const isGiven = ([, value]) => value !== "" && value !== null && value !== undefined;
  return Object.fromEntries(Object.entries(parameters).filter(isGiven));
}

/** The page of *views* at *path* with its parameters; null where there is none. */
export function pageAt(views, path) {
  const view = views.find(({ name }) => name === path?.[0]);
  for (const page of view?.pages ?? []) {
    const params = match(segmentsOf(page.path), path.slice(1));
    if (params) {
      return { view, page, params };
    }
  }
  return null;
}

/** The page in the navigation that *page* is, or is reached from: the longest beginning of its path. */
export function listedFor({ view, page }) {
  const wanted = segmentsOf(page.path);
  const isBeginning = ({ path }) => segmentsOf(path).every((part, index) => part === wanted[index]);
  const candidates = listedPages(view).filter(isBeginning);
  return candidates.sort((one, other) => other.path.length - one.path.length)[0];
}

/** The pages that the navigation leads to, for whoever is asking. */
export const listedPages = (view) => view.pages.filter((page) => page.isListed && isOffered(page));

export const segmentsOf = (path) => path.split("/").filter(Boolean);

function parse(hash) {
  const [path, search = ""] = hash.replace(/^#\/?/, "").split(/\?(.*)/s);
  const query = Object.fromEntries(new URLSearchParams(search));
  try {
    return { path: path === "" ? [] : path.replace(/\/$/, "").split("/").map(decodeURIComponent), query };
  } catch {
    return { path: null, query }; // A link that was cut in the middle of an escape.
  }
}

function match(pattern, path) {
  const fits = pattern.length === path.length
    && pattern.every((part, index) => part.startsWith(":") || part === path[index]);
  const names = pattern.flatMap((part, index) => (part.startsWith(":") ? [[part.slice(1), path[index]]] : []));
  return fits ? Object.fromEntries(names) : null;
}
