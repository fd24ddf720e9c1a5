// Elements built from text: nothing the API says is ever read as HTML.

import { age, shortAge, utc, words } from "./format.js";

const AGES = { long: age, short: shortAge };

export const byId = (id) => document.getElementById(id);

/** An element with attributes and children; strings become text. */
export function element(tag, attributes = {}, ...children) {
  const made = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) {
    if (name.startsWith("on")) {
      made.addEventListener(name.slice(2), value);
    } else if (value !== null && value !== undefined && value !== false) {
      made.setAttribute(name, value === true ? "" : value);
    }
  }
  made.append(...children.filter((child) => child !== null));
  return made;
}

/** Set a text only where it differs, so that a screen reader hears news and nothing else. */
export function say(target, text) {
  if (target.textContent !== text) {
    target.textContent = text;
  }
}

/** Replace what *target* holds, and give the focus back to what had it. */
export function fill(target, ...children) {
  const focused = target.contains(document.activeElement) ? document.activeElement.dataset.key : null;
  target.replaceChildren(...children);
  if (focused) {
    target.querySelector(`[data-key="${CSS.escape(focused)}"]`)?.focus({ preventScroll: true });
  }
}

/** A state or status in words, coloured by `chip-…`. */
export function chip(code) {
  return element("span", { class: `chip chip-${code}` }, words(code));
}

/** An instant: UTC, and its age, which `tellAges` keeps right. */
export function time(instant) {
  return element(
    "span",
    { class: "instant" },
    element("time", { datetime: instant, title: instant }, utc(instant)),
    " ",
    element("span", { class: "age", "data-age": instant, "data-age-style": "long" }, age(instant)),
  );
}

/** Only the age of an instant, in short if need be; the instant itself is its tooltip. */
export function ageOf(instant, style = "long") {
  const attributes = { datetime: instant, title: `${utc(instant)} UTC`, "data-age": instant, "data-age-style": style };
  return element("time", attributes, AGES[style](instant));
}

/** Bring every age on the page up to date. */
export function tellAges() {
  for (const told of document.querySelectorAll("[data-age]")) {
    say(told, AGES[told.dataset.ageStyle](told.dataset.age));
  }
}

/**
 * A table in a box that scrolls by itself, so that the page never does sideways.
 * *columns*: {title, cell(row), numeric, header, class}.
 */
export function table(caption, columns, rows) {
  const head = columns.map((column) =>
    element("th", { scope: "col", class: cellClass(column) }, column.title),
  );
  const lines = rows.map((row) => element("tr", {}, ...columns.map((column) => cellOf(column, row))));
  const whole = element(
    "table",
    {},
    element("caption", { class: "visually-hidden" }, caption),
    element("thead", {}, element("tr", {}, ...head)),
    element("tbody", {}, ...lines),
  );
  return element("div", { class: "scroll", role: "region", "aria-label": caption, tabindex: "0" }, whole);
}

function cellOf(column, row) {
  const content = column.cell(row);
  const parts = Array.isArray(content) ? content : [content];
  const attributes = { class: cellClass(column), scope: column.header ? "row" : null };
  return element(column.header ? "th" : "td", attributes, ...parts);
}

function cellClass(column) {
  return [column.numeric ? "numeric" : "", column.class ?? ""].join(" ").trim() || null;
}

/** A button that explains a pair; ids below the names where the two differ. */
export function pairButton(pair) {
  const key = `${pair.change ?? ""}/${pair.device_id}/${pair.parameter_id}`;
  const detail = { deviceId: pair.device_id, parameterId: pair.parameter_id };
  const ask = (event) =>
    event.target.dispatchEvent(new CustomEvent("explain", { bubbles: true, detail }));
  return element(
    "button",
    { type: "button", class: "pair", "data-key": key, title: "Explain this pair", onclick: ask },
    named(pair.device_name, pair.device_id),
    element("span", { class: "visually-hidden" }, ", "),
    named(pair.parameter_name, pair.parameter_id),
  );
}

function named(name, id) {
  const shown = name ?? id;
  const below = shown === id ? null : element("span", { class: "id" }, id);
  return element("span", { class: "named" }, element("span", { class: "name" }, shown), below === null ? "" : " ", below);
}
