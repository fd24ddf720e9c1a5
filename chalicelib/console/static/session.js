// Who is asking: the role decides what is offered, the API decides what is allowed.

import { ApiError, get, token } from "./api.js";
import { store } from "./store.js";

const ROLES = ["viewer", "operator", "admin"];
const NOT_ACCEPTED = "That token is not accepted, or no longer.";
const WITHOUT_ROLE = "That token has no role here; reading takes the role viewer.";

/** *phase*: `starting`, `stranger` (a token is needed), `known`, or `unreachable`. */
export const session = store({ phase: "starting", me: null, refusal: "", error: null });

/** Whether whoever is asking has *role* or more; what names no role is for all of them. */
export const may = (role = ROLES[0]) => ROLES.indexOf(session.get().me?.role) >= ROLES.indexOf(role);

export const roleOf = () => session.get().me?.role ?? "unknown";

/** Ask who this is. */
export async function enter() {
  try {
    session.set({ phase: "known", me: await get("me"), refusal: "", error: null });
  } catch (error) {
    if (error instanceof ApiError && [401, 403].includes(error.status)) {
      leave(error.status === 403 ? WITHOUT_ROLE : NOT_ACCEPTED);
    } else {
      session.set({ phase: "unreachable", me: null, refusal: "", error });
    }
  }
}

/** Ask for a token. What was shown goes, for it may be another's. */
export function leave(refusal = NOT_ACCEPTED) {
  const wasRefused = token.get() !== null;
  token.forget();
  session.set({ phase: "stranger", me: null, refusal: wasRefused ? refusal : "", error: null });
}

/** Whether *text* can be a token: a header can carry nothing else, and a token is nothing else. */
export const isToken = (text) => /^[\x21-\x7e]+$/.test(text);

export function signIn(text) {
  token.keep(text);
  return enter();
}

/** Everything that was shown goes with the token. */
export function signOut() {
  token.forget();
  location.reload();
}
