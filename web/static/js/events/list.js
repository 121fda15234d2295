// Photos of one memory or place, by day, in the timeline's grid.
import { api } from "/static/js/lib/api.js";
import { createGrid } from "/static/js/search/grid.js";
import { MOST_BY_DATE, Results } from "/static/js/search/results.js";

/**
 * A grid of what an address lists, oldest months last as everywhere; where there are too many to hold, as they come.
 * @param {string} path of a list that takes limit and offset
 */
export async function gridOf(path) {
  const { total } = await api.get(`${path}?limit=1`);
  return gridOfPages((offset, limit, signal) => api.get(`${path}?limit=${limit}&offset=${offset}`, signal), total > MOST_BY_DATE ? "relevance" : "date");
}

/**
 * A grid of files that are asked for in parts.
 * @param {(offset: number, limit: number, signal?: AbortSignal) => Promise<{ total: number, items: any[] }>} pages
 * @param {"relevance" | "date"} order relevance: as they come, however many there are
 */
export async function gridOfPages(pages, order) {
  const ask = async (/** @type {number} */ offset, /** @type {number} */ limit, /** @type {AbortSignal | undefined} */ signal) => {
    const page = await pages(offset, limit, signal);
    return { total: page.total, items: page.items.map((/** @type {any} */ file) => ({ file, score: 1, why: [] })) };
  };
  const results = new Results(ask, order);
  await results.refresh();
  return createGrid(results);
}
