// The last requests and what is known of them, and what can be asked of the recorder.
import { api } from "/static/js/lib/api.js";
import { createStore } from "/static/js/lib/store.js";
import { toast, toastError } from "/static/js/ui/toast.js";

/**
 * @typedef {{ statements: number, sql_ms: number, compute_ms: number, waited_ms: number, sent_bytes: number, repeated: number }} Cost
 * @typedef {{ at: string, method: string, path: string, status: number, ms: number, user: string | null, id: string | null, recorded: Cost | null }} Asked
 * @typedef {{ mode: "off" | "sampled" | "full", setting: "off" | "sampled" | "full", until: string | null, one_in: number, kept: number }} Recording
 * @typedef {{ depth: number, function: string, place: string, ours: boolean, ms: number, share: number }} Line
 * @typedef {{ status: "none" | "waiting" | "done", method: string, path: string, wanted: number, taken: number, samples: number, ms: number, lines: Line[] }} Profile
 */
export const MINUTES = 10;
const PROFILED = 5;

export const log = createStore({ items: /** @type {Asked[]} */ ([]), recording: /** @type {Recording | null} */ (null) });
export const profile = createStore(/** @type {Profile | null} */ (null));
/** Names of those who ask, by their ids. */
export const names = createStore(/** @type {Map<string, string>} */ (new Map()));

/** Ask for everything again. */
export async function load() {
  const [{ items, recording }, profiled, users] = await Promise.all([api.get("/requests"), api.get("/requests/profile"), api.get("/users")]);
  log.set({ items, recording });
  profile.set(profiled);
  names.set(new Map(users.items.map((user) => [user.id, user.name || user.username])));
}

/** Do it, say so, and look again. @param {() => Promise<any>} run @param {string} [said] */
async function act(run, said) {
  try {
    await run();
    if (said) toast(said);
    await load();
  } catch (error) {
    toastError(/** @type {any} */ (error));
  }
}

export const record = () => act(() => api.post("/requests/record", { mode: "full", minutes: MINUTES }), `Every request is recorded for ${MINUTES} minutes.`);
export const stop = () => act(() => api.post("/requests/stop"), "Recording has stopped.");
export const forget = () => act(() => api.delete("/requests"), "What was recorded is forgotten.");
/** @param {string} mode */
export const keepRecording = (mode) => act(() => api.patch("/settings", { record_requests: mode }), "Saved.");
/** @param {Asked} asked */
export const askProfile = ({ method, path }) => act(() => api.post("/requests/profile", { method, path, requests: PROFILED }), `The next ${PROFILED} requests to ${path} are profiled.`);
export const forgetProfile = () => act(() => api.delete("/requests/profile"));
export const refresh = () => act(async () => {});

const fraction = new Intl.NumberFormat(undefined, { maximumFractionDigits: 1, minimumFractionDigits: 1 });
const fine = new Intl.NumberFormat(undefined, { maximumFractionDigits: 2, minimumFractionDigits: 2 });
const clock = new Intl.DateTimeFormat(undefined, { hour: "2-digit", minute: "2-digit", second: "2-digit" });
/** @param {number} value */
export const ms = (value) => `${(value >= 10 ? fraction : fine).format(value)} ms`;
/** @param {string} at */
export const time = (at) => clock.format(new Date(at));
