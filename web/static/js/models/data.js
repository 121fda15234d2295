// What models there are and how far a pull is, kept fresh by the server's messages; and what can be asked of them.
import { api, request } from "/static/js/lib/api.js";
import { onMessage } from "/static/js/lib/messages.js";
import { createStore } from "/static/js/lib/store.js";
import { size } from "/static/js/lib/format.js";
import { toast, toastError } from "/static/js/ui/toast.js";

/**
 * @typedef {{ status: "running" | "failed" | "paused", done_bytes: number, total_bytes: number | null, rate: number | null, seconds_left: number | null,
 *   error: string, hint: string }} PullState
 * @typedef {{ name: string, title: string, task: string, version: string, licence: string, source: string, size_bytes: number | null, memory_mb: number,
 *   fits: boolean, fits_hint: string, installed: boolean, in_use: boolean, uses: string[], needs_download: boolean, can_be_pulled: boolean,
 *   requires: string[], missing_requirements: string[], converted: string, pull: PullState | null }} Model
 */
export const models = createStore({ loaded: false, /** @type {any} */ error: null, /** @type {Model[]} */ items: [], free: 0 });

/** Ask for all of them. */
export async function loadModels() {
  try {
    const { items, free_bytes: free } = await api.get("/models");
    models.set({ loaded: true, error: null, items, free });
  } catch (error) {
    models.set({ ...models.get(), error });
  }
}

/** @param {Model | null} model as the server answered */
function put(model) {
  if (!model?.name) return;
  const now = models.get();
  const before = now.items.find(({ name }) => name === model.name);
  models.set({ ...now, items: before ? now.items.map((old) => (old.name === model.name ? model : old)) : [...now.items, model] });
  if (before?.installed !== model.installed && now.loaded) loadModels(); // the room on the disk is another one now
}

onMessage("ModelProgress", put);
onMessage("reconnected", () => models.get().loaded && loadModels());

const at = (/** @type {Model} */ model) => `/models/${encodeURIComponent(model.name)}`;
/** @param {Model} model */
export const shortTitle = (model) => splitTitle(model)[0];

/** A title may say its name before a colon, and then what it does; a name has capitals or digits in it. @param {Model} model @returns {[string, string]} */
export function splitTitle({ title, name }) {
  const [head, ...rest] = title.split(": ");
  return rest.length && /^.+[A-Z\d]/.test(head) ? [head, rest.join(": ")] : [name, title === name ? "" : title];
}

/** @param {() => Promise<any>} run @param {(answer: any) => string} [text] */
async function act(run, text) {
  try {
    const answer = await run();
    if (answer?.name) put(answer);
    if (text) toast(text(answer));
    return answer;
  } catch (error) {
    toastError(error);
    return null;
  }
}

/** Fetch it, or go on. @param {Model} model @param {boolean} [force] although it needs more memory than models may use */
export const pullModel = (model, force = false) => act(() => api.post(`${at(model)}/pull`, force ? { force } : undefined));
/** @param {Model} model */
export const stopPull = (model) => act(() => request(`${at(model)}/pull`, { method: "DELETE" }));
/** @param {Model} model */
export const verifyModel = (model) =>
  act(
    () => api.post(`${at(model)}/verify`),
    ({ ok, problems }) => (ok ? `${shortTitle(model)}: every file is as it should be.` : `${shortTitle(model)}: ${problems.join(" ")}`),
  );
/** Take its files away; the page asks before. @param {Model} model */
export async function removeModel(model) {
  const answer = await act(() => api.delete(at(model)), ({ freed_bytes: freed }) => `${shortTitle(model)} removed: ${size(freed ?? 0)} free again.`);
  if (answer) loadModels();
  return answer;
}
/** Take its files from a folder; the form says what went wrong. @param {Model} model @param {string} folder @param {boolean} force */
export const addModel = (model, folder, force) => api.post(`${at(model)}/add`, { folder, force }).then(put);
