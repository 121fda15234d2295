// The timeline's grid over what a search found: the same tiles, keys and viewer, in the order of the results.
import { el } from "/static/js/lib/dom.js";
import { openPhoto } from "/static/js/open.js";
import { addReasons } from "/static/js/search/why.js";
import { addChoosing } from "/static/js/timeline/choose.js";
import { addGridKeys } from "/static/js/timeline/keys.js";
import { TimelineView } from "/static/js/timeline/view.js";

/** @param {import("./results.js").Results} months @param {{ actions?: import("../select/actions.js").Action[] }} [options] actions: instead of the usual ones */
export function createGrid(months, { actions } = {}) {
  const root = el("div", { class: "timeline is-results" });
  const view = new TimelineView(root, months);
  addGridKeys(view);
  const reasons = addReasons(view);
  const choosing = addChoosing(view, { onChanged: () => grid.restored(), actions });
  const grid = {
    root,
    months,
    view,
    /** The order of results never changes by itself. */
    hold() {},
    restored() {
      months.refresh().then(() => grid.changed(), () => null); // the toast said what went wrong
    },
    changed() {
      view.invalidate();
      view.dispatchEvent(new Event("refreshed"));
    },
    destroy() {
      reasons.destroy();
      choosing.destroy();
      view.destroy();
      root.remove();
    },
  };
  root.addEventListener("click", (event) => {
    const link = /** @type {HTMLElement} */ (event.target).closest("a.tile");
    if (!link || event.defaultPrevented || event.ctrlKey || event.metaKey || event.shiftKey || event.button !== 0) return;
    event.preventDefault();
    openPhoto(/** @type {any} */ (grid), /** @type {any} */ (link).tile.id);
  });
  return grid;
}
