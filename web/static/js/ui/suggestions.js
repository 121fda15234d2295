// What the search field offers: what was searched on this device before, and what the server knows that fits.
import { api } from "/static/js/lib/api.js";
import { session } from "/static/js/lib/session.js";

/** @typedef {{ text: string, insert: string, kind: string, count: number | null }} Suggestion insert: in the place of the last word */

const MOST = 8;
const REMEMBERED = 12;
const RECENT = 4;

/** Each person of the family has their own on a shared device. */
const key = () => `homeroll-searches-${session.get()?.id ?? ""}`;

/** @returns {string[]} newest first */
function remembered() {
  try {
    const stored = JSON.parse(localStorage.getItem(key()) ?? "[]");
    return Array.isArray(stored) ? stored.filter((query) => typeof query === "string") : [];
  } catch {
    return []; // a damaged list costs itself
  }
}

/** @param {string} query */
export function remember(query) {
  localStorage.setItem(key(), JSON.stringify([query, ...remembered().filter((old) => old !== query)].slice(0, REMEMBERED)));
}

/** @param {string} query */
export function forget(query) {
  localStorage.setItem(key(), JSON.stringify(remembered().filter((old) => old !== query)));
}

/** @param {string} text @param {AbortSignal} signal @returns {Promise<Suggestion[] | null>} null when it was given up */
export async function suggestionsFor(text, signal) {
  const wanted = text.trimStart().toLocaleLowerCase();
  const recent = remembered()
    .filter((query) => query.toLocaleLowerCase().startsWith(wanted) && query.toLocaleLowerCase() !== wanted.trim())
    .slice(0, wanted ? 2 : RECENT)
    .map((query) => ({ text: query, insert: query, kind: "recent", count: null }));
  try {
    const { items } = await api.get(`/search/suggest?q=${encodeURIComponent(text)}&limit=${MOST}`, signal);
    return wanted ? [...items, ...recent].slice(0, MOST) : [...recent, ...items].slice(0, MOST);
  } catch (error) {
    return error instanceof DOMException ? null : recent; // suggestions are a help: without the server those known here
  }
}
