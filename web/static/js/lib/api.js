const ROOT = "/api/v1";

/** What the server (or the missing network) answered instead of what was asked for. */
export class ApiError extends Error {
  /**
   * @param {number} status 0 when no answer came at all
   * @param {{ code?: string, message?: string, hint?: string }} body
   */
  constructor(status, body) {
    super(body.message || "The server gave an answer that makes no sense here.");
    this.name = "ApiError";
    this.status = status;
    this.code = body.code ?? "unknown";
    this.hint = body.hint ?? "";
  }
}

const OFFLINE = {
  code: "offline",
  message: "Homeroll cannot be reached.",
  hint: "Check that this device is on the home network and that the Homeroll machine is switched on.",
};

/** Whether a part of the page itself could not be fetched; each browser says it in other words. @param {unknown} error */
export const isMissingPart = (error) => error instanceof TypeError && /module/i.test(error.message);

/** What to say of an error. @param {any} error @returns {{ message: string, hint?: string, code?: string }} */
export const toldOf = (error) => (isMissingPart(error) ? OFFLINE : error);

let onSignedOut = () => {};

/** @param {() => void} handler called when a request finds that the session has ended */
export function setSignedOutHandler(handler) {
  onSignedOut = handler;
}

/**
 * Ask the API; JSON in, JSON out (null for an empty answer).
 * @param {string} path below /api/v1
 * @param {{ method?: string, body?: unknown, signal?: AbortSignal, quiet?: boolean }} [options] quiet: a 401 is the caller's business
 * @returns {Promise<any>}
 */
export async function request(path, { method = "GET", body, signal, quiet = false } = {}) {
  let response;
  try {
    response = await fetch(ROOT + path, {
      method,
      signal,
      credentials: "same-origin",
      headers: body === undefined ? { accept: "application/json" } : { "content-type": "application/json" },
      body: body === undefined ? undefined : JSON.stringify(body),
    });
  } catch (error) {
    if (error instanceof DOMException && error.name === "AbortError") throw error;
    throw new ApiError(0, OFFLINE);
  }
  const text = await response.text();
  let answer = null;
  try {
    answer = text ? JSON.parse(text) : null;
  } catch {
    if (response.ok) throw new ApiError(response.status, {});
  }
  if (response.ok) return answer;
  if (response.status === 401 && !quiet) onSignedOut();
  throw new ApiError(response.status, answer ?? {});
}

export const api = {
  /** @param {string} path @param {AbortSignal} [signal] */
  get: (path, signal) => request(path, { signal }),
  /** @param {string} path @param {unknown} [body] */
  post: (path, body) => request(path, { method: "POST", body }),
  /** @param {string} path @param {unknown} body */
  put: (path, body) => request(path, { method: "PUT", body }),
  /** @param {string} path @param {unknown} body */
  patch: (path, body) => request(path, { method: "PATCH", body }),
  /** @param {string} path */
  delete: (path) => request(path, { method: "DELETE" }),
};

/**
 * Address of a rendition. `version` makes the address change when the picture does, so that browsers may keep it for ever.
 * @param {string} id
 * @param {"thumbnail" | "preview" | "content" | "video"} what
 * @param {string} [version]
 */
export function fileUrl(id, what, version = "") {
  const query = version ? `?v=${encodeURIComponent(version)}` : "";
  return `${ROOT}/files/${encodeURIComponent(id)}/${what}${query}`;
}
