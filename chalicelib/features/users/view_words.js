// How this feature's codes are said and coloured.

import { addressOf } from "./console.js";

export const ROLES = ["viewer", "operator", "admin"];

export const ROLE_HINT = "A viewer reads, an operator works with devices, an admin manages users besides.";

export const TONES = { ready: "good", pending: "info", refused: "bad", unmanaged: "none" };

/** What the status of an identity means for whoever waits to sign in. */
export const MEANINGS = {
  ready: "The user can sign in.",
  pending: "The user pool has still to be told; that takes about a minute.",
  refused: "The user pool has another identity with that address.",
  unmanaged: "No user pool is configured: the user can sign in once the platform's own people say as which subject.",
};

export const userAddress = (user) => addressOf(["users", user.userId]);
