// The issuer, as the server names it and as it describes itself.

import { LoginError } from "./trouble.js";

const REQUEST_MS = 10_000;
const SKEW_SECONDS = 30;
const INSECURE = "Signing in takes an https address. A token can be pasted.";

/** `{issuer, clientId, scopes, origins}`; null where nobody can sign in. */
export const login = JSON.parse(document.querySelector('meta[name="login"]')?.content || "null");

let known = null;

/** The library, and what the issuer says of itself; asked for when it is needed first. */
export function discovered() {
  known ??= discover().catch((error) => {
    known = null;
    throw error;
  });
  return known;
}

async function discover() {
  if (!isSecureContext) {
    throw new LoginError(INSECURE);
  }
  const oauth = await import("./oauth4webapi.js");
  const issuer = new URL(login.issuer);
  const response = await oauth.discoveryRequest(issuer, options(oauth));
  const server = await oauth.processDiscoveryResponse(issuer, response);
  requireAllowed(server.token_endpoint);
  return { oauth, server, client: { client_id: login.clientId, [oauth.clockTolerance]: SKEW_SECONDS } };
}

/** The browser would refuse the request without a reason, because the page is allowed a few origins only. */
function requireAllowed(endpoint) {
  const { origin } = new URL(endpoint);
  if (!login.origins.includes(origin)) {
    throw new LoginError(`The issuer gives tokens at ${origin}, which OIDC_ENDPOINT_ORIGINS does not name.`);
  }
}

export function addressOf(server, name, parameters) {
  const address = new URL(server[name]);
  if (!["https:", new URL(login.issuer).protocol].includes(address.protocol)) {
    throw new LoginError(`The issuer has no ${name} that is safe.`);
  }
  Object.entries(parameters).forEach(([key, value]) => address.searchParams.set(key, value));
  return address.href;
}

/** The page's own address, as it has to be registered at the issuer. */
export const here = () => location.origin + location.pathname;

export const options = (oauth) => ({
  signal: AbortSignal.timeout(REQUEST_MS),
  [oauth.allowInsecureRequests]: login.issuer.startsWith("http:"), // On this machine only: the server sees to that.
});
