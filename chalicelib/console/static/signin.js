// Who is asking: the role decides what the page offers, the API decides what it allows.

import { ApiError, get, token } from "./api.js";
import { byId, say } from "./dom.js";

const ROLES = ["viewer", "operator", "admin"];

let me = null;

/** Whether the one who is asking has *role* or more. */
export const may = (role) => me !== null && ROLES.indexOf(me.role) >= ROLES.indexOf(role);

export const role = () => me?.role ?? "unknown";

/** Ask who this is; false where a token has to be given first. */
export async function identify() {
  try {
    me = await get("me");
  } catch (error) {
    me = null;
    if (error instanceof ApiError && error.status === 401) {
      askForToken();
      return false;
    }
    if (error instanceof ApiError && error.status === 403) {
      askForToken("That token has no role here; reading takes the role viewer.");
      return false;
    }
    throw error;
  }
  showIdentity();
  return true;
}

/** Ask for a token; what the page showed is hidden, for it may be another's. */
export function askForToken(refusal = "That token is not accepted, or no longer.") {
  const wasRefused = token.get() !== null;
  token.forget();
  me = null;
  say(byId("identity"), "");
  say(byId("updated"), "");
  byId("sign-out").hidden = true;
  byId("refresh").hidden = true;
  byId("dashboard").hidden = true;
  byId("signin").hidden = false;
  say(byId("signin-problem"), wasRefused ? refusal : "");
  byId("token").focus();
}

/** React to the form and to "Forget the token"; *begin* starts the page. */
export function watchSignin(begin) {
  byId("signin-form").addEventListener("submit", (event) => {
    event.preventDefault();
    const given = byId("token").value.trim();
    // A header can carry nothing else, and a token is nothing else.
    if (!/^[\x21-\x7e]+$/.test(given)) {
      say(byId("signin-problem"), "A token has neither spaces nor letters beyond ASCII.");
      return;
    }
    token.keep(given);
    byId("token").value = "";
    begin();
  });
  byId("sign-out").addEventListener("click", () => {
    token.forget();
    // Everything that was shown goes with the token.
    location.reload();
  });
}

function showIdentity() {
  byId("signin").hidden = true;
  byId("refresh").hidden = false;
  byId("sign-out").hidden = token.get() === null;
  say(byId("identity"), `${me.subject} · ${me.role}`);
}
