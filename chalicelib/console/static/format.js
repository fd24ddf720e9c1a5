// Numbers with separators, times in UTC with their age.

const number = new Intl.NumberFormat("en-US");
const relative = new Intl.RelativeTimeFormat("en", { numeric: "auto" });
const short = new Intl.RelativeTimeFormat("en", { numeric: "auto", style: "narrow" });
const STEPS = [
  ["day", 86_400],
  ["hour", 3_600],
  ["minute", 60],
];

// "␀" to "␟", and "␡", by the codes of what they stand for.
const PICTURES = { ...Array.from({ length: 32 }, (_, code) => String.fromCodePoint(0x2400 + code)), 127: "\u2421" };

/** 98000 as 98,000. */
export const count = (value) => number.format(value);

/** "1 pair", "2 pairs". */
export const plural = (value, one, many = `${one}s`) => `${count(value)} ${value === 1 ? one : many}`;

/** "2026-11-01 10:17:03" of an instant in ISO 8601; always UTC. */
export function utc(instant) {
  return new Date(instant).toISOString().slice(0, 19).replace("T", " ");
}

/** "3 minutes ago", "in 2 hours". */
export function age(instant, now = Date.now(), format = relative) {
  const seconds = Math.round((new Date(instant).getTime() - now) / 1000);
  for (const [unit, length] of STEPS) {
    if (Math.abs(seconds) >= length) {
      return format.format(Math.trunc(seconds / length), unit);
    }
  }
  // A clock that is a little ahead is no news from the future.
  return seconds > -5 && seconds < 30 ? "just now" : format.format(seconds, "second");
}

/** "3min ago", for where there is little room. */
export const shortAge = (instant) => age(instant, Date.now(), short);

/** "812 ms", "4.2 s", "3 min 5 s"; a dash while it runs. */
export function duration(milliseconds) {
  if (milliseconds === null || milliseconds === undefined) {
    return "–";
  }
  if (milliseconds < 1000) {
    return `${count(milliseconds)} ms`;
  }
  if (milliseconds < 60_000) {
    return `${(milliseconds / 1000).toFixed(1)} s`;
  }
  const seconds = Math.round(milliseconds / 1000);
  return `${Math.floor(seconds / 60)} min ${seconds % 60} s`;
}

/** "90 min", "2 h", "3 d": whole units only. */
export function minutes(value) {
  if (value % 1440 === 0) {
    return `${count(value / 1440)} d`;
  }
  return value % 60 === 0 ? `${count(value / 60)} h` : `${count(value)} min`;
}

const UNITS = ["bytes", "kB", "MB", "GB", "TB"];

/** "812 bytes", "4.2 MB". */
export function bytes(value) {
  const power = value < 1000 ? 0 : Math.min(Math.floor(Math.log10(value) / 3), UNITS.length - 1);
  const shown = power === 0 ? count(value) : (value / 1000 ** power).toFixed(1);
  return `${shown} ${UNITS[power]}`;
}

/** "window_expired" as "window expired". */
export const words = (code) => code.replaceAll("_", " ");

/** *text* with a picture in place of each control character, which nothing would show. */
export const visible = (text) => String(text).replace(/\p{Cc}/gu, (character) => PICTURES[character.codePointAt(0)] ?? "\u{fffd}");
