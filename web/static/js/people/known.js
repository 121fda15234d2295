// Everyone who has a name, for completing names as they are typed.
import { api } from "/static/js/lib/api.js";
import { onMessage } from "/static/js/lib/messages.js";
import { createStore } from "/static/js/lib/store.js";

const PAGE = 1000;
const MOST = 5000;

/** @type {ReturnType<typeof createStore<import("./changes.js").Person[]>>} */
export const known = createStore(/** @type {any[]} */ ([]));
/** @type {Promise<void> | null} */
let asked = null;

/** Load them unless they are here. @returns {Promise<void>} */
export function loadKnown() {
  asked ??= reload().catch(() => {
    asked = null; // asked again with the next field
  });
  return asked;
}

/** Load them again. */
export async function reload() {
  /** @type {import("./changes.js").Person[]} */
  const all = [];
  let cursor = "";
  do {
    const page = await api.get(`/people?named=true&limit=${PAGE}${cursor && `&cursor=${encodeURIComponent(cursor)}`}`);
    all.push(...page.items);
    cursor = page.next ?? "";
  } while (cursor && all.length < MOST);
  known.set(all);
}

onMessage("PeopleChanged", () => asked && reload().catch(() => null)); // the old list still completes most names

const folded = (/** @type {string} */ text) =>
  text.trim().replace(/\s+/g, " ").replace(/[’‘ʼ`´′]/g, "'").normalize("NFD").replace(/\p{M}/gu, "").toLocaleLowerCase().replaceAll("ß", "ss");
const withoutUmlauts = (/** @type {string} */ text) => text.replace(/([aou])e/g, "$1");

/** @param {string} one @param {string} other */
export const sameName = (one, other) => Boolean(one) && one.trim().replace(/\s+/g, " ").toLocaleLowerCase() === other.trim().replace(/\s+/g, " ").toLocaleLowerCase();

/**
 * People whose name has a word that begins like this; accents need not be typed, and Mueller is Müller.
 * @param {string} text @param {string} [except] id
 */
export function matching(text, except = "") {
  const wanted = folded(text);
  if (!wanted) return [];
  return known
    .get()
    .filter(({ id, name }) => id !== except && [(/** @type {string} */ text) => text, withoutUmlauts].some((form) => ` ${form(folded(name))}`.includes(` ${form(wanted)}`)))
    .slice(0, 6);
}
