// What went wrong between the page and the issuer, as sentences.

const MOST = 200;
const UNREACHABLE = "The issuer cannot be reached, or does not answer as an issuer does.";
const CLOCKS = "The clock of this computer and that of the issuer differ too much.";
const ANOTHER = "The issuer answered with a token that is for something else.";
const OTHERWISE = "Signing in failed. Trying it again may help.";
// By the codes of OAuth and OpenID Connect.
const SAID = {
  access_denied: "The issuer did not let you in.",
  consent_required: "The issuer needs your consent first.",
  interaction_required: "The issuer needs you to sign in there first.",
  invalid_client: "The issuer does not know this application: its client id may be wrong.",
  invalid_grant: "The issuer no longer takes this sign-in. Please sign in again.",
  invalid_scope: "The issuer does not know a scope of OIDC_SCOPES.",
  login_required: "The issuer needs you to sign in there first.",
  server_error: "The issuer had an error of its own.",
  temporarily_unavailable: "The issuer can sign nobody in at the moment.",
  unauthorized_client: "The issuer does not let this application sign people in.",
};
const REFUSED = "The issuer refused.";
// By the codes of the library.
const FOUND = {
  OAUTH_INVALID_SERVER_METADATA: UNREACHABLE,
  OAUTH_JSON_ATTRIBUTE_COMPARISON_FAILED: UNREACHABLE,
  OAUTH_JWT_CLAIM_COMPARISON_FAILED: ANOTHER,
  OAUTH_JWT_TIMESTAMP_CHECK_FAILED: CLOCKS,
  OAUTH_MISSING_SERVER_METADATA: UNREACHABLE,
  OAUTH_PARSE_ERROR: UNREACHABLE,
  OAUTH_RESPONSE_IS_NOT_CONFORM: UNREACHABLE,
  OAUTH_RESPONSE_IS_NOT_JSON: UNREACHABLE,
};

/** Its message is a sentence for whoever signs in. */
export class LoginError extends Error {}

/** What to say of *error*. What the issuer says itself is quoted, as text, and not at any length. */
export function troubleOf(error) {
  if (error instanceof LoginError) {
    return error.message;
  }
  if (typeof error.error === "string") {
    const own = Object.hasOwn(SAID, error.error) ? SAID[error.error] : REFUSED;
    return `${own} It says: “${cut(error.error_description || error.error)}”`;
  }
  console.error(error);
  const isUnanswered = error instanceof TypeError || ["AbortError", "TimeoutError"].includes(error.name);
  return FOUND[error.code] ?? (isUnanswered ? UNREACHABLE : OTHERWISE);
}

/** Without what could turn the text around it. */
function cut(text) {
  const plain = String(text).replace(/[\p{C}\s]+/gu, " ");
  return plain.length > MOST ? `${plain.slice(0, MOST)}…` : plain;
}
