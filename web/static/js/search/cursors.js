// Lists that go by cursors, asked for by place: pages that are not known yet are gone through on the way.
import { api } from "/static/js/lib/api.js";

/** @param {string} path with what it is asked for beside limit and cursor @returns {import("./results.js").Ask} */
export function byCursor(path) {
  /** @type {Map<number, string>} where the page after so many begins */
  const cursors = new Map();
  const join = path.includes("?") ? "&" : "?";
  return async (offset, limit, signal) => {
    if (!offset) cursors.clear();
    let at = Math.max(0, ...[...cursors.keys()].filter((known) => known <= offset));
    for (;;) {
      const cursor = cursors.get(at);
      const page = await api.get(`${path}${join}limit=${limit}${cursor ? `&cursor=${encodeURIComponent(cursor)}` : ""}`, signal);
      if (at >= offset || !page.next) return { total: page.total, items: at >= offset ? page.items.map((/** @type {any} */ file) => ({ file, score: 1 })) : [] };
      at += page.items.length;
      cursors.set(at, page.next);
    }
  };
}
