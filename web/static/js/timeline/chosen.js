// Which photos are chosen, for things done to many at once.  Only ids are kept: what is done with them is in js/select.
import { createStore } from "/static/js/lib/store.js";

/** @type {ReturnType<typeof createStore<ReadonlySet<string>>>} */
export const chosen = createStore(/** @type {ReadonlySet<string>} */ (new Set()));

/** @param {string} id */
export const isChosen = (id) => chosen.get().has(id);

export const isChoosing = () => chosen.get().size > 0;

export function clearChosen() {
  if (isChoosing()) chosen.set(new Set());
}

/** @param {Iterable<string>} ids @param {boolean} on */
export function setChosen(ids, on) {
  const next = new Set(chosen.get());
  for (const id of ids) {
    if (on) next.add(id);
    else next.delete(id);
  }
  chosen.set(next);
}
