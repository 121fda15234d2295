import { firstBandBelow } from "/static/js/timeline/section.js";

/**
 * Arrow keys from photo to photo, rows kept under each other; Home and End go to the ends of the timeline.
 * @param {import("./view.js").TimelineView} view
 */
export function addGridKeys(view) {
  view.root.addEventListener("focusin", (event) => {
    const tile = /** @type {any} */ (event.target).tile;
    if (tile) view.focusIndex = tile.index;
  });
  view.root.addEventListener("keydown", (event) => {
    if (!(/** @type {any} */ (event.target).tile) || event.ctrlKey || event.metaKey || event.altKey) return;
    const target = nextIndex(view, event.key);
    if (target === null) return;
    event.preventDefault();
    focusPhoto(view, target);
  });
}

/** Scroll to a photo and give it the focus. @param {import("./view.js").TimelineView} view @param {number} index */
export async function focusPhoto(view, index) {
  view.focusIndex = index;
  const tile = await view.reveal(index);
  tile?.root.focus({ preventScroll: true });
}

/** @param {import("./view.js").TimelineView} view @param {string} key @returns {number | null} */
function nextIndex(view, key) {
  const last = view.months.total - 1;
  const from = view.focusIndex;
  if (key === "ArrowRight") return Math.min(last, from + 1);
  if (key === "ArrowLeft") return Math.max(0, from - 1);
  if (key === "Home") return 0;
  if (key === "End") return last;
  if (key === "ArrowDown" || key === "ArrowUp") return inOtherRow(view, from, key === "ArrowDown" ? 1 : -1);
  return null;
}

/** The photo of the next or previous row whose middle is nearest. */
function inOtherRow(view, index, step) {
  const found = view.months.locate(index);
  if (!found?.month.layout) return null;
  const { layout } = found.month;
  const row = layout.bands.findIndex((band) => band.last > found.i);
  const middle = layout.lefts[found.i] + layout.widths[found.i] / 2;
  let month = found.month;
  let band = layout.bands[row + step];
  if (!band) {
    month = view.months.list[view.months.list.indexOf(found.month) + step];
    if (!month) return null;
    if (!month.layout) return step > 0 ? month.before : month.before + month.count - 1;
    band = step > 0 ? month.layout.bands[firstBandBelow(month.layout.bands, 0)] : month.layout.bands.at(-1);
  }
  let best = band.first;
  const distance = (/** @type {number} */ i) => Math.abs(month.layout.lefts[i] + month.layout.widths[i] / 2 - middle);
  for (let i = band.first; i < band.last; i += 1) if (distance(i) < distance(best)) best = i;
  return month.before + best;
}
