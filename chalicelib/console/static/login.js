// Signing in at the issuer: the authorization code flow of OpenID Connect with PKCE, as a library carries it out.
// What the API is shown is the id token: every issuer writes one that it can read.

import { beforeEach, token } from "./api.js";
import { addressOf, discovered, here, login, options } from "./issuer.js";
import { LoginError, troubleOf } from "./trouble.js";

const PENDING_KEY = "device-parameters.pending";
const GRANT_KEY = "device-parameters.grant";
const MARGIN_SECONDS = 60;
const RETRY_SECONDS = 30;

const UNASKED = "This answer of the issuer is for no sign-in that was begun in this tab. Please sign in again.";
const NOT_RENEWABLE = { refresh: null, renewAt: 0, trouble: "" };

const kept = (key) => JSON.parse(sessionStorage.getItem(key));
const keep = (key, value) => sessionStorage.setItem(key, JSON.stringify(value));

/** Whether the token of this tab came from the issuer, rather than from somebody's clipboard. */
export const isFromIssuer = () => kept(GRANT_KEY) !== null;

/** Leave for the issuer, which sends the reader back to this page. Gives a sentence where that fails. */
export async function leaveForIssuer() {
  try {
    location.assign(await begun());
    return "";
  } catch (error) {
    return troubleOf(error);
  }
}

async function begun() {
  const { oauth, server } = await discovered();
  const pending = {
    state: oauth.generateRandomState(),
    nonce: oauth.generateRandomNonce(),
    verifier: oauth.generateRandomCodeVerifier(),
    hash: location.hash,
  };
  keep(PENDING_KEY, pending);
  return addressOf(server, "authorization_endpoint", {
    client_id: login.clientId,
    response_type: "code",
    redirect_uri: here(),
    scope: login.scopes,
    state: pending.state,
    nonce: pending.nonce,
    code_challenge: await oauth.calculatePKCECodeChallenge(pending.verifier),
    code_challenge_method: "S256",
  });
}

/**
 * Take up what the issuer sent the reader back with, once: `{hash, trouble}` with where the reader was before;
 * null where there is nothing of that kind.
 */
export async function cameBack() {
  const given = new URLSearchParams(location.search);
  if (!login || !["code", "error", "state"].some((name) => given.has(name))) {
    return null;
  }
  const pending = kept(PENDING_KEY);
  sessionStorage.removeItem(PENDING_KEY);
  const hash = pending?.hash || "#/";
  try {
    if (!pending || given.get("state") !== pending.state) {
      throw new LoginError(UNASKED);
    }
    await redeem(given, pending);
    return { hash, trouble: "" };
  } catch (error) {
    return { hash, trouble: troubleOf(error) };
  }
}

async function redeem(given, { state, nonce, verifier }) {
  const { oauth, server, client } = await discovered();
  const answered = oauth.validateAuthResponse(server, client, given, state);
  const response = await oauth.authorizationCodeGrantRequest(
    server, client, oauth.None(), answered, here(), verifier, options(oauth),
  );
  const checks = { expectedNonce: nonce, requireIdToken: true };
  take(oauth, await oauth.processAuthorizationCodeResponse(server, client, response, checks));
}

/** Keep what was granted. How long it lasts is the issuer's word, whatever the clock of this computer says. */
function take(oauth, granted, refreshBefore = null) {
  const { exp, iat } = oauth.getValidatedIdTokenClaims(granted);
  const lifetime = exp - iat;
  const renewAt = Date.now() + 1000 * (lifetime - Math.min(MARGIN_SECONDS, lifetime / 2));
  token.keep(granted.id_token);
  keep(GRANT_KEY, { refresh: granted.refresh_token ?? refreshBefore, renewAt, trouble: "" });
}

let renewing = null;

/** Exchange the token for a newer one where it is about to expire: once, however many requests wait for it. */
async function renewWhereDue() {
  const grant = kept(GRANT_KEY);
  if (grant?.refresh && Date.now() >= grant.renewAt) {
    renewing ??= renew(grant).finally(() => (renewing = null));
    await renewing;
  }
}

async function renew(grant) {
  try {
    const { oauth, server, client } = await discovered();
    const response = await oauth.refreshTokenGrantRequest(server, client, oauth.None(), grant.refresh, options(oauth));
    const granted = await oauth.processRefreshTokenResponse(server, client, response);
    if (!granted.id_token) {
      throw new LoginError("The issuer renewed no id token.");
    }
    settle(() => take(oauth, granted, grant.refresh));
  } catch (error) {
    // The token may still count for a while; the API says when it does not.
    const isOver = error.error === "invalid_grant" || error instanceof LoginError;
    const renewAt = Date.now() + 1000 * RETRY_SECONDS;
    settle(() => keep(GRANT_KEY, isOver ? NOT_RENEWABLE : { ...grant, renewAt, trouble: troubleOf(error) }));
  }
}

/** Do *work*, unless whoever was signed in has left meanwhile. */
const settle = (work) => isFromIssuer() && work();

/** Why the token was not renewed, as a sentence; empty where that is nobody's fault. */
export const troubleOfRenewal = () => kept(GRANT_KEY)?.trouble ?? "";

/** Forget the token, and what it could be renewed with. */
export function forget() {
  token.forget();
  sessionStorage.removeItem(GRANT_KEY);
}

/** Forget everything, and end the session at the issuer, too. Gives where to go on; null for nowhere else. */
export async function ended() {
  const grant = kept(GRANT_KEY);
  forget();
  try {
    return grant && (await endedAtIssuer(grant));
  } catch (error) {
    console.error(error);
    return null;
  }
}

async function endedAtIssuer({ refresh }) {
  const { oauth, server, client } = await discovered();
  if (refresh && server.revocation_endpoint) {
    await oauth.revocationRequest(server, client, oauth.None(), refresh, options(oauth)).catch(console.error);
  }
  // Cognito has a name of its own for where to go on.
  const next = { client_id: login.clientId, post_logout_redirect_uri: here(), logout_uri: here() };
  return server.end_session_endpoint ? addressOf(server, "end_session_endpoint", next) : null;
}

beforeEach(renewWhereDue);
