// Photos of one event or memory, by day, in the timeline's grid.
import { api } from "/static/js/lib/api.js";
import { createGrid } from "/static/js/search/grid.js";
import { Results } from "/static/js/search/results.js";

/**
 * A grid of what an address lists, oldest months last as everywhere.
 * @param {string} path of a list that takes limit and offset
 * @param {string} [more] further parts of its query, each with its &
 */
export async function gridOf(path, more = "") {
  const ask = async (/** @type {number} */ offset, /** @type {number} */ limit, /** @type {AbortSignal | undefined} */ signal) => {
    const page = await api.get(`${path}?limit=${limit}&offset=${offset}${more}`, signal);
    return { total: page.total, items: page.items.map((/** @type {any} */ file) => ({ file, score: 1, why: [] })) };
  };
  const results = new Results(ask, "date");
  await results.refresh();
  return createGrid(results);
}
