// A device as a form holds it, where everything is a text, and as the API takes it.

import { KNOWN_METADATA } from "./view_words.js";

const PLACE = ["lat", "lon", "address"];
const CONNECTION = ["type", "simId", "signalStrength", "ipAddress"];
const NUMBERS = ["lat", "lon", "signalStrength"];

export const EMPTY = { name: "", type: "", location: null, connectivity: null, metadata: {}, tags: [] };

export function asEntered({ name, type, location, connectivity, metadata, tags }) {
  const text = (value) => (value === null || value === undefined ? "" : String(value));
  const texts = (names, of) => Object.fromEntries(names.map((each) => [each, text(of?.[each])]));
  const others = Object.entries(metadata).filter(([each]) => !Object.hasOwn(KNOWN_METADATA, each));
  return {
    name,
    deviceType: type,
    location: texts(PLACE, location),
    connectivity: texts(CONNECTION, connectivity),
    metadata: texts(Object.keys(KNOWN_METADATA), metadata),
    others: others.map(([field, value], index) => ({ key: `known ${index}`, field, value })),
    tags,
  };
}

/** A device that is to be: what is empty is not said. */
export function asNew(entered) {
  const given = (of) => Object.fromEntries(Object.entries(of).filter(([, value]) => value !== null));
  const part = (of) => (Object.keys(of).length > 0 ? of : null);
  return {
    deviceType: entered.deviceType.trim(),
    name: entered.name.trim(),
    location: part(given(valuesOf(entered.location))),
    connectivity: part(given(valuesOf(entered.connectivity))),
    metadata: given(metadataOf(entered)),
    tags: entered.tags,
  };
}

/** What is to change of *device*: what is empty is cleared, what was taken away as well. */
export function asChange(entered, device) {
  const gone = Object.fromEntries(Object.keys(device.metadata).map((field) => [field, null]));
  return {
    deviceType: entered.deviceType.trim(),
    name: entered.name.trim(),
    location: valuesOf(entered.location),
    connectivity: valuesOf(entered.connectivity),
    metadata: { ...gone, ...metadataOf(entered) },
    tags: entered.tags,
  };
}

const valuesOf = (texts) => Object.fromEntries(Object.entries(texts).map(([name, text]) => [name, valueOf(name, text.trim())]));

const valueOf = (name, text) => (text === "" ? null : NUMBERS.includes(name) ? Number(text) : text);

function metadataOf({ metadata, others }) {
  const more = others.filter(({ field }) => field.trim()).map(({ field, value }) => [field.trim(), value.trim() || null]);
  return { ...valuesOf(metadata), ...Object.fromEntries(more) };
}
