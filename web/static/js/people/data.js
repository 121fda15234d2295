// What the people page shows, asked again when something changed.
import { api } from "/static/js/lib/api.js";
import { createStore } from "/static/js/lib/store.js";

const GROUPS = 60;

/** @typedef {import("./changes.js").Person} Person */

export const people = createStore({
  loaded: false,
  /** @type {any} */ error: null,
  /** @type {Person[]} */ named: [],
  /** @type {Person[]} */ groups: [],
  groupsTotal: 0,
  /** @type {string | null} */ next: null,
  /** @type {Person[]} */ hidden: [],
  /** @type {Person[]} */ strangers: [],
  showHidden: false,
  /** @type {{ person: Person, other: Person, confidence: number }[]} */ pairs: [],
});

const put = (/** @type {Partial<ReturnType<typeof people.get>>} */ part) => people.set({ ...people.get(), ...part });
let run = 0;

/** Ask for everything that is shown. As many groups as are there now stay there. */
export async function loadPeople() {
  const mine = ++run;
  const { groups, showHidden } = people.get();
  try {
    const [named, unnamed, pairs, hidden, strangers] = await Promise.all([
      api.get("/people?named=true&limit=1000"),
      api.get(`/people?named=false&limit=${Math.min(1000, Math.max(GROUPS, groups.length))}`),
      api.get("/people/suggestions"),
      showHidden ? api.get("/people?hidden=true&limit=1000") : { items: [] },
      showHidden ? api.get("/people?ignored=true&limit=1000") : { items: [] },
    ]);
    if (mine !== run) return;
    put({
      loaded: true,
      error: null,
      named: named.items,
      groups: unnamed.items,
      groupsTotal: unnamed.total,
      next: unnamed.next,
      pairs: pairs.items,
      hidden: hidden.items,
      strangers: strangers.items,
    });
  } catch (error) {
    if (mine === run) put({ error });
  }
}

/** More groups, smaller ones. */
export async function loadMore() {
  const { next, groups } = people.get();
  if (!next) return;
  const page = await api.get(`/people?named=false&limit=${GROUPS}&cursor=${encodeURIComponent(next)}`);
  put({ groups: [...groups, ...page.items], next: page.next });
}

/** @param {boolean} showHidden */
export function setShowHidden(showHidden) {
  put({ showHidden, hidden: [], strangers: [] });
  return loadPeople();
}
