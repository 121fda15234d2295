// What is known of the files that were looked at lately.
import { api } from "/static/js/lib/api.js";
import { onMessage } from "/static/js/lib/messages.js";
import { createStore } from "/static/js/lib/store.js";

const KEEP = 60;
/** Tells what is beside the photo which files changed on the server. */
export const filesChanged = createStore(/** @type {string[]} */ ([]));
/** Files that somebody asked a caption for, until it is there. @type {Set<string>} */
export const waitingFor = new Set();

onMessage("FileChanged", ({ ids }) => {
  for (const id of ids ?? []) files.delete(id);
  filesChanged.set(ids ?? []);
});
/** @type {Map<string, Promise<any>>} */
const files = new Map();

/** @param {string} id @returns {Promise<any>} the file as the API describes it */
export function fileOf(id) {
  const known = files.get(id);
  if (known) return known;
  const asked = api.get(`/files/${encodeURIComponent(id)}`);
  asked.catch(() => files.delete(id));
  files.set(id, asked);
  if (files.size > KEEP) files.delete(files.keys().next().value);
  return asked;
}

/** Change marks of a file. @param {string} id @param {Record<string, unknown>} changes @returns {Promise<any>} */
export async function changeFile(id, changes) {
  const file = await api.patch(`/files/${encodeURIComponent(id)}`, changes);
  if (file?.id) files.set(id, Promise.resolve(file));
  else files.delete(id);
  return file;
}

/** @param {string} id */
export const forgetFile = (id) => files.delete(id);
