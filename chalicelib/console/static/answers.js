// What the API answers, as hooks: asked when a component comes, when its question changes, and with each refresh.

import { ApiError, get, read } from "./api.js";
import { useEffect, useRef, useState } from "./preact_hooks.js";
import { lookedAt, turn } from "./refresh.js";
import { given } from "./router.js";
import { leave } from "./session.js";

const MOST = 500; // What one request gives at most.
const NOTHING = { question: null, answer: null, version: null, error: null };
const NO_PAGE = { question: null, items: null, next: null, error: null, isBusy: false };

/**
 * `{answer, version, error}` of GET *path*; an answer to another question is never shown. A *path* of null asks
 * nothing.
 */
export function useAnswer(path, parameters = {}) {
  const question = questionOf(path, parameters);
  const now = turn.use();
  const [known, know] = useState(NOTHING);
  useEffect(() => {
    if (path === null) {
      return undefined;
    }
    const controller = new AbortController();
    read(path, given(parameters), controller.signal)
      .then(({ body, version }) => know({ question, answer: body, version, error: null }))
      .then(noteLook)
      .catch((error) => controller.signal.aborted || know((old) => failed(old, question, error)));
    return () => controller.abort();
  }, [question, now]);
  return known.question === question ? known : NOTHING;
}

/** What is known of the same question stays in sight. */
function failed(old, question, error) {
  return { ...(old.question === question ? old : NOTHING), question, error: heard(error) };
}

/**
 * `{items, next, error, isBusy, more}` of a list that the API pages by `next`.
 * A refresh asks for as many items as are in sight, up to what one request gives.
 */
export function useList(path, filters, size) {
  const question = questionOf(path, filters);
  const now = turn.use();
  const [known, know] = useState(NO_PAGE);
  const current = known.question === question ? known : { ...NO_PAGE, question };
  const asked = useRef({ controller: null, question: null, length: size });

  const ask = (parameters, merge) => {
    asked.current.controller?.abort();
    const controller = new AbortController();
    asked.current.controller = controller;
    know({ ...current, isBusy: true });
    get(path, { ...given(filters), ...parameters }, controller.signal)
      .then((page) => know({ ...NO_PAGE, question, items: merge(page.items), next: page.next }))
      .then(noteLook)
      .catch((error) => controller.signal.aborted || know({ ...current, error: heard(error) }));
  };
  const more = () => {
    asked.current.length += size;
    ask({ limit: size, after: current.next }, (items) => [...current.items, ...items]);
  };

  useEffect(() => {
    if (asked.current.question !== question) {
      Object.assign(asked.current, { question, length: size });
    }
    ask({ limit: Math.min(asked.current.length, MOST) }, (items) => items);
    return () => asked.current.controller?.abort();
  }, [question, now]);
  return { ...current, more };
}

/** Tell *error* of something other than a read, as the reads do: without a token nothing is shown. */
export function heard(error) {
  if (error instanceof ApiError && error.status === 401) {
    leave();
  } else if (!(error instanceof ApiError)) {
    console.error(error);
  }
  return error;
}

const questionOf = (path, parameters) => JSON.stringify([path, given(parameters)]);

const noteLook = () => lookedAt.set(new Date().toISOString());
