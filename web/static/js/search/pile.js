// A few photos to open and go through where no grid of them is on the page.
import { openPhoto } from "/static/js/open.js";
import { Results } from "/static/js/search/results.js";

/** Open one of these files; the others are before and after it. @param {any[]} files @param {string} id */
export async function openAmong(files, id) {
  const hits = files.map((file) => ({ file, score: 1 }));
  const months = new Results(async (offset, limit) => ({ total: hits.length, items: hits.slice(offset, offset + limit) }), "relevance");
  await months.refresh();
  const nowhere = { tile: () => null, reveal: async () => null };
  await openPhoto(/** @type {any} */ ({ months, view: nowhere, hold() {}, restored() {}, changed() {} }), id);
}
