// Ids that fit what is being typed.

import { Field, get, html, useEffect, useRef, useState } from "./console.js";

const TYPING_MS = 200;
const SUGGESTED = 100;

/** A field for an id that offers what *find(typed, signal)* gives; failing to is no news. */
export function IdField({ label, hint, value, onValue, find }) {
  const [options, offer] = useState([]);
  const waiting = useRef({ timer: null, controller: null });
  const stop = () => {
    clearTimeout(waiting.current.timer);
    waiting.current.controller?.abort();
  };
  useEffect(() => stop, []);
  const look = (typed) => {
    const controller = new AbortController();
    waiting.current.controller = controller;
    find(typed.trim(), controller.signal).then((found) => offer([...found]), () => {});
  };
  const soon = (typed) => {
    stop();
    waiting.current.timer = setTimeout(look, TYPING_MS, typed);
  };
  const type = (typed) => {
    onValue(typed);
    soon(typed);
  };
  return html`
    <${Field} label=${label} hint=${hint} value=${value} onValue=${type} onFocus=${() => soon(value)} options=${options} required
      autocomplete="off" autocapitalize="off" spellcheck=${false} />
  `;
}

export async function devicesLike(typed, signal) {
  return typed ? firstOfEach(await pairs({ q: typed }, signal), "device") : new Map();
}

/** Those of the device, if it is known; else whatever has such a name. */
export async function parametersLike(deviceId, typed, signal) {
  const own = deviceId ? await pairs({ device_id: deviceId }, signal) : [];
  if (own.length > 0 || !typed) {
    return firstOfEach(own, "parameter");
  }
  return firstOfEach(await pairs({ q: typed }, signal), "parameter");
}

async function pairs(parameters, signal) {
  return (await get("device-parameters", { ...parameters, limit: SUGGESTED }, signal)).items;
}

const firstOfEach = (items, kind) => new Map(items.map((pair) => [pair[`${kind}_id`], pair[`${kind}_name`]]));
