// Who is asking: the role decides what is offered, the API decides what is allowed.

import { ApiError, get, token } from "./api.js";
import { ended, forget, isFromIssuer, troubleOfRenewal } from "./login.js";
import { store } from "./store.js";

const ROLES = ["viewer", "operator", "admin"];
const NOT_ACCEPTED = "That token is not accepted, or no longer.";
const NOT_TAKEN = "The API does not take the issuer's token; its log says why. Is OIDC_REQUIRE_TOKEN_USE right for this issuer?";
const OVER = "Your session is over: please sign in again.";
const WITHOUT_ROLE = "That token has no role here; reading takes the role viewer.";

/** *phase*: `starting`, `stranger` (a token is needed), `known`, or `unreachable`. */
export const session = store({ phase: "starting", me: null, refusal: "", error: null });

/** Whether whoever is asking has *role* or more; what names no role is for all of them. */
export const may = (role = ROLES[0]) => ROLES.indexOf(session.get().me?.role) >= ROLES.indexOf(role);

/** Whether the caller is one of the platform's own people, who belong to no organization. */
export const isOfPlatform = () => (session.get().me?.organization ?? null) === null;

/** Whether a page or panel of a view is for whoever is asking. */
export const isOffered = ({ least, scope }) => may(least) && (scope !== "platform" || isOfPlatform());

export const roleOf = () => session.get().me?.role ?? "unknown";

/** Ask who this is. *back* is with what the issuer sent them back, if it just did. */
export async function enter(back = null) {
  try {
    session.set({ phase: "known", me: await get("me"), refusal: "", error: null });
  } catch (error) {
    if (error instanceof ApiError && [401, 403].includes(error.status)) {
      const refusal = back ? NOT_TAKEN : "";
      leave(error.status === 403 ? WITHOUT_ROLE : refusal, back?.trouble);
    } else {
      session.set({ phase: "unreachable", me: null, refusal: "", error });
    }
  }
}

/** Ask for a token. What was shown goes, for it may be another's. */
export function leave(refusal = "", trouble = "") {
  if (session.get().phase === "stranger" && token.get() === null && !refusal && !trouble) {
    return; // Several requests were refused at once: the first has said why.
  }
  const said = trouble || (token.get() === null ? "" : refusal || whyNotAccepted());
  forget();
  session.set({ phase: "stranger", me: null, refusal: said, error: null });
}

const whyNotAccepted = () => (isFromIssuer() ? [troubleOfRenewal(), OVER].filter(Boolean).join(" ") : NOT_ACCEPTED);

/** Whether *text* can be a token: a header can carry nothing else, and a token is nothing else. */
export const isToken = (text) => /^[\x21-\x7e]+$/.test(text);

export function signIn(text) {
  forget();
  token.keep(text);
  return enter();
}

/** Everything that was shown goes with the token. */
export async function signOut() {
  session.set({ phase: "starting", me: null, refusal: "", error: null });
  const next = await ended();
  if (next) {
    location.assign(next);
  } else {
    location.reload();
  }
}
