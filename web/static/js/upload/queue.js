// The files someone chose, and how far each is. Uploads resume where they were, also after the page was closed.
import { onMessage } from "/static/js/lib/messages.js";
import { createStore } from "/static/js/lib/store.js";
import { loadTus } from "/static/js/upload/tus.js";
import { uploadSummary } from "/static/js/uploads.js";

const AT_ONCE = 3;
const RETRIES_MS = [0, 1000, 3000, 5000, 10_000];
const REDRAW_MS = 100;
const MEDIA = /^(image|video)\//;
const EXTENSIONS = /\.(jpe?g|png|gif|webp|tiff?|bmp|hei[cf]|avif|jxl|dng|cr[23]|nef|arw|raf|orf|rw2|mp4|mov|m4v|3gp|avi|mkv|webm|mts|xmp)$/i;

/**
 * @typedef {{ key: number, file: File, status: "waiting" | "sending" | "done" | "duplicate" | "failed" | "cancelled", sent: number,
 *   error: { message: string, hint: string, lost?: boolean } | null, fileId: string, upload: any }} Entry
 */

/** @type {Entry[]} */
const entries = [];
let next = 1;
let running = 0;
let redraw = 0;

/** The queue as last drawn. */
export const queue = createStore({ entries: /** @type {Entry[]} */ ([]), sent: 0, size: 0, ended: 0, active: false });

/** Put files in the queue and start. @param {File[]} files @returns {number} how many were no photos or videos and left out */
export function addFiles(files) {
  const known = files.filter((file) => MEDIA.test(file.type) || EXTENSIONS.test(file.name));
  for (const file of known) {
    entries.push({ key: next++, file, status: "waiting", sent: 0, error: null, fileId: "", upload: null });
  }
  leftOut.set(leftOut.get() + files.length - known.length);
  pump();
  draw();
  return files.length - known.length;
}

/** How many chosen files were no photos or videos. */
export const leftOut = createStore(0);

/** Try one again that failed. @param {Entry} entry */
export function retry(entry) {
  Object.assign(entry, { status: "waiting", error: null });
  pump();
  draw();
}

/** Try all again that failed. @param {(entry: Entry) => boolean} [which] only these */
export function retryAll(which = () => true) {
  for (const entry of entries) if (entry.status === "failed" && which(entry)) Object.assign(entry, { status: "waiting", error: null });
  pump();
  draw();
}

/** Stop one; what the server holds of it is thrown away. @param {Entry} entry */
export async function cancel(entry) {
  const wasRunning = entry.status === "sending";
  entry.status = "cancelled";
  draw();
  await entry.upload?.abort(true).catch(() => null); // the server drops it by itself later
  if (wasRunning) ended();
}

/** Forget what has ended. */
export function clearEnded() {
  for (let i = entries.length - 1; i >= 0; i -= 1) if (!isOpen(entries[i])) entries.splice(i, 1);
  leftOut.set(0);
  draw();
}

const isOpen = (/** @type {Entry} */ entry) => entry.status === "waiting" || entry.status === "sending";

function pump() {
  while (running < AT_ONCE) {
    const entry = entries.find(({ status }) => status === "waiting");
    if (!entry) break;
    running += 1;
    entry.status = "sending";
    send(entry);
  }
}

function ended() {
  running -= 1;
  pump();
  draw();
}

/** @param {Entry} entry */
async function send(entry) {
  let tus;
  try {
    tus = await loadTus();
  } catch (error) {
    fail(entry, { message: /** @type {Error} */ (error).message, hint: "It goes on by itself.", lost: true });
    return;
  }
  entry.upload = new tus.Upload(entry.file, {
    endpoint: "/api/v1/uploads",
    retryDelays: RETRIES_MS,
    removeFingerprintOnSuccess: true,
    metadata: { filename: entry.file.name, filetype: entry.file.type, modified: new Date(entry.file.lastModified).toISOString() },
    onProgress: (sent) => {
      entry.sent = sent;
      draw();
    },
    onAfterResponse: (_request, response) => {
      entry.fileId = response.getHeader("Homeroll-File") || entry.fileId;
      if (response.getHeader("Homeroll-Status") === "duplicate") entry.duplicate = true;
    },
    onShouldRetry: (error) => {
      const code = error.originalResponse?.getStatus() ?? 0;
      return code === 0 || code === 409 || code === 423 || code === 429 || code >= 500;
    },
    onSuccess: () => {
      if (entry.status === "cancelled") return;
      entry.sent = entry.file.size;
      entry.status = entry.duplicate ? "duplicate" : "done";
      ended();
    },
    onError: (error) => fail(entry, describe(error)),
  });
  const earlier = await entry.upload.findPreviousUploads().catch(() => []);
  if (entry.status === "cancelled") return;
  if (earlier.length) entry.upload.resumeFromPreviousUpload(earlier[0]);
  entry.upload.start();
}

function fail(entry, error) {
  if (entry.status === "cancelled") return;
  Object.assign(entry, { status: "failed", error });
  ended();
}

/** What the server said, or that it said nothing. */
function describe(error) {
  const body = error.originalResponse?.getBody?.();
  try {
    const { message, hint } = JSON.parse(body);
    if (message) return { message, hint: hint ?? "" };
  } catch {
    // not the house's error shape: said in our own words below
  }
  if (!error.originalResponse) return { message: "The connection broke.", hint: "It goes on where it stopped, by itself or with Retry.", lost: true };
  return { message: `The server refused it (${error.originalResponse.getStatus()}).`, hint: "Retry; if it fails again, see Activity." };
}

/** Tell the watchers, at most ten times a second. */
function draw() {
  redraw ||= setTimeout(() => {
    redraw = 0;
    let sent = 0;
    let size = 0;
    let done = 0;
    for (const entry of entries) {
      if (entry.status === "cancelled") continue;
      size += entry.file.size;
      sent += isOpen(entry) ? entry.sent : entry.file.size;
      if (!isOpen(entry)) done += 1;
    }
    const active = entries.some(isOpen);
    queue.set({ entries: [...entries], sent, size, ended: done, active });
    uploadSummary.set({ active, share: size ? sent / size : 0 });
  }, REDRAW_MS);
}

addEventListener("beforeunload", (event) => {
  if (entries.some(isOpen)) event.preventDefault();
});

onMessage("reconnected", () => retryAll(({ error }) => Boolean(error?.lost)));

/** Names of uploads that an earlier page left unfinished; choosing the same files again resumes them. @returns {string[]} */
export function interrupted() {
  const names = [];
  for (const key of Object.keys(localStorage)) {
    if (!key.startsWith("tus::")) continue;
    try {
      const name = JSON.parse(localStorage.getItem(key) ?? "{}").metadata?.filename;
      if (name && !entries.some((entry) => entry.file.name === name)) names.push(name);
    } catch {
      localStorage.removeItem(key);
    }
  }
  return names;
}
