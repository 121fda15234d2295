// What the server is doing: libraries, steps, jobs, failures and health, kept fresh by its messages.
import { api } from "/static/js/lib/api.js";
import { connection, onMessage } from "/static/js/lib/messages.js";
import { isAdmin } from "/static/js/lib/session.js";
import { createStore } from "/static/js/lib/store.js";

const HEALTH_EVERY_MS = 60_000;

/**
 * @typedef {{ name: string, pending: number, running: number, done: number, skipped: number, failed: number, ignored: number, waits: string, rate: number, seconds_left: number | null }} Step
 * @typedef {{ name: string, title: string, status: string, done: number, total: number, rate: number, waits: string | null, seconds_left: number | null,
 *   last_run: string | null, next_run: string | null, error: string | null }} Job
 * @typedef {{ id: string, name: string, root: string, kind: string, status: string, reason: string, hint: string, files: number, last_scan: string | null }} Library
 */
export const status = createStore({
  /** @type {Step[]} */ steps: [],
  paused: false,
  /** @type {Job[]} */ jobs: [],
  /** @type {Library[]} */ libraries: [],
  librariesKnown: false,
  health: { status: "ok", reasons: /** @type {{ part: string, message: string, hint: string }[]} */ ([]) },
  failures: { items: /** @type {any[]} */ ([]), total: 0, ignored: 0 },
});

/** @param {Partial<ReturnType<typeof status.get>>} part */
const merge = (part) => status.set({ ...status.get(), ...part });

/** Begin to listen; asks once for everything. */
export function startStatus() {
  refreshStatus();
  refreshHealth();
  setInterval(() => {
    if (!document.hidden && connection.get().state === "live") refreshHealth();
  }, HEALTH_EVERY_MS);
  onMessage("StepProgress", (data) => merge({ steps: Array.isArray(data) ? data : (data.steps ?? data.items ?? []) }));
  onMessage("JobProgress", (job) => {
    const known = status.get().jobs;
    merge({ jobs: known.some(({ name }) => name === job.name) ? known.map((old) => (old.name === job.name ? { ...old, ...job } : old)) : [...known, job] });
  });
  onMessage("LibraryChanged", (library) => {
    const known = status.get().libraries;
    if (library.status === "removed") merge({ libraries: known.filter(({ id }) => id !== library.id) });
    else if (known.some(({ id }) => id === library.id)) merge({ libraries: known.map((old) => (old.id === library.id ? { ...old, ...library } : old)) });
    else refreshLibraries();
    refreshHealth();
  });
  onMessage("reconnected", () => {
    refreshStatus();
    refreshHealth();
  });
}

/** Ask again for steps, jobs, libraries and failures. A part that cannot be had keeps its last value. */
export async function refreshStatus() {
  await Promise.allSettled([
    api.get("/steps").then(({ items, paused }) => merge({ steps: items, paused: Boolean(paused) })),
    isAdmin() ? api.get("/jobs").then(({ items }) => merge({ jobs: items })) : null,
    refreshLibraries(),
    refreshFailures(),
  ]);
}

/** Ask again which libraries there are. */
export async function refreshLibraries() {
  const answer = await api.get("/libraries");
  merge({ libraries: Array.isArray(answer) ? answer : answer.items, librariesKnown: true });
}

/** Ask again what failed. */
export async function refreshFailures() {
  if (isAdmin()) merge({ failures: await api.get("/failures?limit=50") });
}

async function refreshHealth() {
  const health = await api.get("/health").catch(() => null);
  if (health?.status) merge({ health });
}

/**
 * The work under way in one line.
 * @param {ReturnType<typeof status.get>} now
 * @returns {{ busy: boolean, done: number, total: number, left: number | null }}
 */
export function workOf(now) {
  let done = 0;
  let total = 0;
  let left = /** @type {number | null} */ (null);
  for (const step of now.steps) {
    const open = step.running + (step.waits ? 0 : step.pending);
    done += step.done + step.skipped + step.failed + step.ignored;
    total += step.done + step.skipped + step.failed + step.ignored + open;
    if (open && step.seconds_left !== null) left = Math.max(left ?? 0, step.seconds_left);
  }
  const scanning = now.libraries.some((library) => library.status === "scanning");
  return { busy: done < total || scanning, done, total, left };
}
