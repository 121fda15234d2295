import { createStore } from "/static/js/lib/store.js";

const NAMES = ["FileAdded", "FileChanged", "StepProgress", "JobProgress", "LibraryChanged", "PeopleChanged", "ModelProgress", "EditProgress"];

/** @type {{ state: "connecting" | "live" | "lost", since: number }} */
const INITIAL = { state: "connecting", since: 0 };

/** Whether the live connection to the server stands. */
export const connection = createStore(INITIAL);

const listeners = new EventTarget();
/** @type {EventSource | null} */
let source = null;
let retry = 0;
let delayMs = 1000;

/**
 * Hear of one kind of message.
 * @param {string} name a server-sent event name, or "reconnected"
 * @param {(data: any) => void} handler
 * @returns {() => void} stops listening
 */
export function onMessage(name, handler) {
  const listener = (/** @type {Event} */ event) => handler(/** @type {CustomEvent} */ (event).detail);
  listeners.addEventListener(name, listener);
  return () => listeners.removeEventListener(name, listener);
}

/** Open the message stream and keep it open: a lost one is tried again, ever more slowly, up to every 15 s. */
export function connectMessages() {
  if (source) return;
  source = new EventSource("/api/v1/messages");
  source.onopen = () => {
    const wasLost = connection.get().state === "lost";
    delayMs = 1000;
    connection.set({ state: "live", since: Date.now() });
    if (wasLost) listeners.dispatchEvent(new CustomEvent("reconnected"));
  };
  source.onerror = () => {
    if (connection.get().state !== "lost") connection.set({ state: "lost", since: Date.now() });
    if (source?.readyState === EventSource.CLOSED) scheduleRetry();
  };
  for (const name of NAMES) {
    source.addEventListener(name, (event) => {
      const detail = JSON.parse(/** @type {MessageEvent} */ (event).data);
      listeners.dispatchEvent(new CustomEvent(name, { detail }));
    });
  }
}

/** Close the stream, as at logout. */
export function disconnectMessages() {
  clearTimeout(retry);
  source?.close();
  source = null;
  connection.set(INITIAL);
}

/** Try now, not at the next turn. */
export function retryMessages() {
  source?.close();
  source = null;
  connectMessages();
}

function scheduleRetry() {
  clearTimeout(retry);
  retry = setTimeout(retryMessages, delayMs);
  delayMs = Math.min(delayMs * 2, 15_000);
}
