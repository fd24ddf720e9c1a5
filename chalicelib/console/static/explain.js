// Why is a pair in the table, or why is it not? Asked by form, by any pair shown, or by link.

import { ApiError, get } from "./api.js";
import { ageOf, byId, chip, element, fill, table, time } from "./dom.js";
import { minutes, words } from "./format.js";

const TYPING_MS = 200;
const SUGGESTED = 100;

let asked = null;

/** React to the form, to pairs that are clicked, and to links such as `#pair=d-1/temp`. */
export function watchExplain(report) {
  byId("explain-form").addEventListener("submit", (event) => {
    event.preventDefault();
    ask(byId("device").value.trim(), byId("parameter").value.trim(), report, false);
  });
  document.addEventListener("explain", ({ detail }) => {
    ask(detail.deviceId, detail.parameterId, report, true);
  });
  window.addEventListener("hashchange", () => followLink(report));
  suggest("device", "device-suggestions", deviceSuggestions);
  suggest("parameter", "parameter-suggestions", parameterSuggestions);
}

/** Explain the pair that the address names, if it names one that is not shown already. */
export function followLink(report) {
  const pair = pairInLink();
  if (pair !== null && linkTo(...pair) !== asked) {
    report(explain(...pair, false));
  }
}

function ask(deviceId, parameterId, report, takesFocus) {
  asked = linkTo(deviceId, parameterId);
  location.hash = asked;
  report(explain(deviceId, parameterId, takesFocus));
}

function linkTo(deviceId, parameterId) {
  return `#pair=${encodeURIComponent(deviceId)}/${encodeURIComponent(parameterId)}`;
}

function pairInLink() {
  const found = /^#pair=([^/]+)\/([^/]+)$/.exec(location.hash);
  try {
    return found && [decodeURIComponent(found[1]), decodeURIComponent(found[2])];
  } catch {
    return null; // A link that was cut in the middle of an escape.
  }
}

async function explain(deviceId, parameterId, takesFocus) {
  asked = linkTo(deviceId, parameterId);
  const mine = asked;
  byId("device").value = deviceId;
  byId("parameter").value = parameterId;
  const target = byId("explanation");
  target.setAttribute("aria-busy", "true");
  try {
    const found = await find(deviceId, parameterId);
    if (mine === asked) {
      show(target, found);
    }
  } catch (error) {
    if (!(error instanceof ApiError) || error.status === 401) {
      throw error;
    }
    fill(target, element("p", { class: "field-problem" }, error.sentence));
  } finally {
    target.removeAttribute("aria-busy");
  }
  if (takesFocus) {
    target.focus({ preventScroll: true });
  }
  target.scrollIntoView({ block: "nearest" });
}

function find(deviceId, parameterId) {
  if ([deviceId, parameterId].some((id) => id === "" || id === "." || id === "..")) {
    throw new ApiError(0, "NOT_ADDRESSABLE", "An id that is empty, “.” or “..” has no address to ask at.", null);
  }
  return get(`device-parameters/${encodeURIComponent(deviceId)}/${encodeURIComponent(parameterId)}`);
}

function show(target, found) {
  const verdict = found.present ? "present" : "absent";
  fill(
    target,
    element("p", { class: "verdict" }, chip(verdict), " ", element("span", {}, found.explanation)),
    element("dl", { class: "pairs-facts" }, ...facts(found)),
    element("h3", {}, "What runs did to it"),
    history(found.changes),
    element("p", { class: "hint" }, "Asked ", ageOf(new Date().toISOString()), ". The address of this page links here."),
  );
}

function facts({ device, parameter, device_id, parameter_id, last_seen_at, observed, window: span }) {
  return [
    fact("Device", device.known ? named(device.name, device_id) : "not in the master data"),
    device.known ? fact("Active", device.status ? "yes" : device.status === null ? "not said" : "no") : null,
    fact("Parameter", parameter.known ? named(parameter.name, parameter_id) : "not in the dictionary"),
    fact("Last measured", last_seen_at ? time(last_seen_at) : "never, as far as is known"),
    fact("Observed", observed ? "yes" : "no"),
    fact("Window", element("span", {}, `${minutes(span.minutes)}, from `, time(span.start))),
  ].filter((line) => line !== null);
}

function fact(name, value) {
  return element("div", {}, element("dt", {}, name), element("dd", {}, value));
}

const named = (name, id) => (name === null || name === id ? id : `${name} (${id})`);

function history(changes) {
  if (changes.length === 0) {
    return element("p", { class: "empty" }, "Nothing that is remembered.");
  }
  const columns = [
    { title: "Run", header: true, cell: (change) => String(change.run_id) },
    { title: "Change", cell: (change) => chip(change.change) },
    { title: "Reason", cell: (change) => (change.reason ? words(change.reason) : "–") },
    { title: "When", cell: (change) => ageOf(change.finished_at ?? change.as_of, "short"), class: "nowrap" },
  ];
  return table("What runs did to this pair", columns, changes);
}

/** Offer what *look* finds while somebody types; failing to is no news. */
function suggest(inputId, listId, look) {
  const input = byId(inputId);
  let waiting = null;
  let controller = new AbortController();
  const offer = async () => {
    controller.abort();
    controller = new AbortController();
    const found = await look(input.value.trim(), controller.signal).catch(() => null);
    if (found !== null) {
      const options = [...found].map(([value, label]) => element("option", { value, label }));
      byId(listId).replaceChildren(...options);
    }
  };
  const soon = () => {
    clearTimeout(waiting);
    waiting = setTimeout(offer, TYPING_MS);
  };
  input.addEventListener("input", soon);
  input.addEventListener("focus", soon);
}

async function deviceSuggestions(typed, signal) {
  return typed ? firstOfEach(await pairs({ q: typed }, signal), "device") : new Map();
}

/** Those of the device, if it is known; else whatever has such a name. */
async function parameterSuggestions(typed, signal) {
  const deviceId = byId("device").value.trim();
  const own = deviceId ? await pairs({ device_id: deviceId }, signal) : [];
  if (own.length > 0 || !typed) {
    return firstOfEach(own, "parameter");
  }
  return firstOfEach(await pairs({ q: typed }, signal), "parameter");
}

async function pairs(parameters, signal) {
  return (await get("device-parameters", { ...parameters, limit: SUGGESTED }, signal)).items;
}

function firstOfEach(items, kind) {
  return new Map(items.map((pair) => [pair[`${kind}_id`], pair[`${kind}_name`]]));
}
