// What became of what somebody asked for, as a sentence.

import { ApiError, html, roleOf, toast, useEffect, useRef, useState } from "./console.js";

/** `[result, tell]`; what became of a run is told on whatever page the reader is by then. */
export function useResult() {
  const [result, setResult] = useState({ text: "", tone: "none" });
  const isHere = useRef(true);
  useEffect(() => () => {
    isHere.current = false;
  }, []);
  const tell = (text, tone = "none", isOutcome = false) => {
    if (isHere.current) {
      setResult({ text, tone });
    } else if (isOutcome || tone === "bad") {
      toast(text, tone);
    }
  };
  return [result, tell];
}

export function Result({ of: { text, tone } }) {
  return html`<p class=${`result edged tone-${tone}`} role="status">${text}</p>`;
}

/** Why something was not done. */
export function refusal(error) {
  if (!(error instanceof ApiError)) {
    return "Something went wrong on this page.";
  }
  return error.status === 403 ? `${error.sentence} Your role is ${roleOf()}.` : error.sentence;
}
