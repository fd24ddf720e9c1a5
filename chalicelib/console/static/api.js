// The JSON API as the page sees it: relative URLs, the token of this tab, failures in words.

const TOKEN_KEY = "device-parameters.token";
const REQUEST_MS = 35_000;

/** An answer other than 2xx, or none at all (status 0). */
export class ApiError extends Error {
  constructor(status, code, message, requestId, details = {}) {
    super(message);
    this.name = "ApiError";
    this.status = status;
    this.code = code;
    this.requestId = requestId;
    this.details = details;
  }

  /** The sentence to show, with what a colleague needs to find it in the log. */
  get sentence() {
    return this.requestId ? `${this.message} Request ${this.requestId}.` : this.message;
  }
}

export const token = {
  get: () => sessionStorage.getItem(TOKEN_KEY),
  keep: (value) => sessionStorage.setItem(TOKEN_KEY, value),
  forget: () => sessionStorage.removeItem(TOKEN_KEY),
};

let prepare = async () => {};

/** Have *work* done before each request: it may exchange the token for a newer one. */
export function beforeEach(work) {
  prepare = work;
}

/** What GET answers; parameters that are empty are left out. */
export async function get(path, parameters = {}, signal = undefined) {
  return (await read(path, parameters, signal)).body;
}

/** `{body, version}` of GET; the version is null where the answer names none. */
export function read(path, parameters = {}, signal = undefined) {
  return request(asked(path, parameters), { method: "GET" }, signal);
}

/** `{text, after}` of GET *path*, which answers pages of CSV; *after* asks for the next, if there is one. */
export async function getCsv(path, parameters = {}) {
  const response = await send(asked(path, parameters), { method: "GET", headers: { Accept: "text/csv" } });
  if (!response.ok) {
    throw failure(response, await response.json().catch(() => null));
  }
  const next = /[?&]after=([\w-]+)[^>]*>; *rel="next"/.exec(response.headers.get("Link") ?? "");
  return { text: await received(response.text()), after: next?.[1] ?? null };
}

/**
 * What POST answers to *body*. *options*: `{key, version, parameters}`. What is sent again with the same *key* is
 * carried out once; with a *version*, only where nobody has changed it since.
 */
export const post = (path, body, options) => write("POST", path, body, options);

export const put = (path, body, options) => write("PUT", path, body, options);

export const patch = (path, body, options) => write("PATCH", path, body, options);

/** What DELETE answers. */
export const remove = (path, options) => write("DELETE", path, undefined, options);

/** A name that no other request has; `crypto.randomUUID` is there over HTTPS only. */
export function newKey() {
  return [...crypto.getRandomValues(new Uint8Array(16))].map((byte) => byte.toString(16).padStart(2, "0")).join("");
}

async function write(method, path, body, { key, version, parameters = {} } = {}) {
  const headers = {
    ...(body !== undefined && { "Content-Type": "application/json" }),
    ...(key && { "Idempotency-Key": key }),
    ...(version && { "If-Match": version }),
  };
  return (await request(asked(path, parameters), { method, headers, body: JSON.stringify(body) })).body;
}

function asked(path, parameters) {
  const given = Object.entries(parameters).filter(([, value]) => value !== "" && value != null);
  const query = new URLSearchParams(given).toString();
  return query ? `${path}?${query}` : path;
}

/** The body, which can be cut off after its beginning has arrived. */
function received(text) {
  return text.catch(() => {
    throw new ApiError(0, "UNREACHABLE", "The answer did not arrive as a whole.", null);
  });
}

async function request(path, options, signal) {
  const response = await send(path, options, signal);
  const body = await response.json().catch(() => null);
  if (response.ok && body !== null) {
    return { body, version: response.headers.get("ETag") };
  }
  throw failure(response, body);
}

async function send(path, options, signal) {
  await prepare();
  const kept = token.get();
  const headers = { Accept: "application/json", ...options.headers };
  if (kept) {
    headers.Authorization = `Bearer ${kept}`;
  }
  const limit = AbortSignal.timeout(REQUEST_MS);
  const signals = signal ? AbortSignal.any([signal, limit]) : limit;
  try {
    return await fetch(`./${path}`, { ...options, headers, signal: signals, cache: "no-store" });
  } catch (error) {
    if (signal?.aborted) {
      throw error;
    }
    const why = limit.aborted ? "The server did not answer in time." : "The server cannot be reached.";
    throw new ApiError(0, "UNREACHABLE", why, null);
  }
}

function failure(response, body) {
  const envelope = body?.error ?? {};
  // API Gateway answers for itself where the application is not asked.
  const said = envelope.message ?? body?.message ?? body?.Message;
  const id = envelope.requestId ?? response.headers.get("x-amzn-requestid");
  const text = typeof said === "string" && said ? sentence(said) : `The server answered ${response.status}.`;
  return new ApiError(response.status, envelope.code ?? `HTTP_${response.status}`, text, id, envelope.details);
}

/** *text* with a capital letter and a full stop. */
export function sentence(text) {
  const begun = text[0].toUpperCase() + text.slice(1);
  return /[.!?]$/.test(begun) ? begun : `${begun}.`;
}
