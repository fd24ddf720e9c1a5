// Sending a form: once however often it is sent, and what the API says against it beside the field that is meant.

import { heard } from "./answers.js";
import { ApiError, newKey, sentence } from "./api.js";
import { useOnce } from "./form.js";
import { useEffect, useRef, useState } from "./preact_hooks.js";
import { refresh } from "./refresh.js";
import { roleOf } from "./session.js";
import { toast } from "./toast.js";

const OURS = "Something went wrong on this page; loading it anew may help.";
// What to do, by the codes of what only a look at how things are can settle.
const SAID = {
  STALE_VERSION: "Somebody has changed it since you opened this. Close this, look at how it is now, and do it again.",
  IDEMPOTENCY_KEY_REUSED: "What you sent before was carried out after all: its answer got lost. Close this, and look before you send anything else.",
};

/**
 * `{isBusy, send, problemOf, rest}`. *send(work)* has *work(key)* done, which writes with that key. *problemOf(name)*
 * is what is wrong with a field, as the API names it; *rest()*, to be asked after all fields, is what else went wrong.
 */
export function useSending() {
  const key = useRef(null);
  key.current ??= newKey();
  const isHere = useIsHere();
  const [error, fail] = useState(null);
  const [isBusy, once] = useOnce();
  const send = (work) => once(async () => {
    fail(null);
    await Promise.resolve(work(key.current)).then(() => {
      key.current = null; // What is sent next is another request.
    }).catch((thrown) => complain(heard(thrown)));
  });
  const complain = (thrown) => {
    if ([404, 409, 412].includes(thrown.status)) {
      refresh(); // It is no longer as it was shown.
    }
    return isHere() ? fail(thrown) : toast(refusalOf(thrown), "bad");
  };
  const asked = new Set();
  const named = namesIn(error);
  const problemOf = (name) => {
    asked.add(name);
    return named.includes(name) ? problemIn(error, name) : "";
  };
  const rest = () => (error && !named.some((name) => asked.has(name)) ? refusalOf(error) : "");
  return { isBusy, send, problemOf, rest };
}

/** The form, whose first field with a problem gets the focus when there is one. */
export function useFocusOnProblem(isBusy) {
  const form = useRef();
  useEffect(() => {
    if (!isBusy) {
      form.current?.querySelector("[aria-invalid=true]")?.focus();
    }
  }, [isBusy]);
  return form;
}

/** Why something was not done, and what to do about it. */
export function refusalOf(error) {
  if (!(error instanceof ApiError)) {
    return OURS;
  }
  if (error.status === 0) {
    return `${error.sentence} Sending it again does no harm: it is carried out once.`;
  }
  const said = SAID[error.code] ? SAID[error.code] : error.sentence;
  return error.status === 403 ? `${said} Your role is ${roleOf()}.` : said;
}

/** The fields that *error* names: by its parameter, or by what is there already. */
function namesIn(error) {
  const { parameter, ...others } = error?.details ?? {};
  return [parameter, ...(error?.status === 409 && !SAID[error.code] ? Object.keys(others) : [])].filter(Boolean);
}

/** The sentence without the name of the field, which is above it in other words. */
function problemIn({ message }, name) {
  const path = name.toLowerCase();
  return message.toLowerCase().startsWith(`${path} `) ? sentence(message.slice(path.length + 1)) : message;
}

/** Whether whoever sent the form still looks at it. */
function useIsHere() {
  const isHere = useRef(true);
  useEffect(() => () => {
    isHere.current = false;
  }, []);
  return () => isHere.current;
}
