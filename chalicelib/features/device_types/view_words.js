// How this feature's numbers and codes are said, and who may change what.

import { addressOf, isOfPlatform, may, minutes, plural } from "./console.js";

export const DATA_TYPES = ["number", "integer", "boolean"];

export const typeAddress = (type, ...rest) => addressOf(["device_types", type.deviceTypeId, ...rest]);

/** "every 5 min", "every 90 s". */
export const everySaid = (seconds) => `every ${seconds % 60 === 0 ? minutes(seconds / 60) : plural(seconds, "second")}`;

/** What is shared is the platform's to change. */
export const mayChange = (type) => may("admin") && (!type.isShared || isOfPlatform());

/** "-40 to 85", "from 0", or null where anything can be. */
export function limitsSaid({ minimum, maximum }) {
  if (minimum !== null && maximum !== null) {
    return `${minimum} to ${maximum}`;
  }
  return minimum !== null ? `from ${minimum}` : maximum !== null ? `up to ${maximum}` : null;
}

/** "usually 18 to 26, ± 0.5 a minute", or null where nothing is said of it. */
export function usualSaid({ usual }) {
  if (usual === null) {
    return null;
  }
  const change = usual.changePerMinute === null ? null : `± ${usual.changePerMinute} a minute`;
  const past = usual.deviation ? null : "whatever it was before";
  return `usually ${[limitsSaid(usual), change, past].filter(Boolean).join(", ")}`;
}

/** How what is reported becomes what is kept, or what it is computed from. */
export function originSaid({ conversion, expression }) {
  if (expression !== null) {
    return `computed: ${expression}`;
  }
  if (conversion === null) {
    return "as reported";
  }
  const { scale, offset, fromUnit } = conversion;
  const added = offset === 0 ? "" : ` ${offset < 0 ? "−" : "+"} ${Math.abs(offset)}`;
  return `reported × ${scale}${added}${fromUnit ? `, from ${fromUnit}` : ""}`;
}
