import { count, dayName, dayShort, monthName } from "/static/js/lib/format.js";
import { returnTile, takeTile } from "/static/js/timeline/tile.js";

/** One month in the page: its heading, and those of its rows that are near the screen. */
export class MonthSection {
  /** @param {import("./months.js").Month} month */
  constructor(month) {
    this.month = month;
    this.root = document.createElement("section");
    this.root.className = "month";
    this.heading = document.createElement("h2");
    this.heading.className = "month-name";
    const title = month.title ?? monthName(month.month);
    this.heading.textContent = title;
    this.heading.hidden = !title;
    if (title) this.root.setAttribute("aria-label", title);
    this.total = document.createElement("span");
    this.total.className = "month-count";
    this.heading.append(" ", this.total);
    this.root.append(this.heading);
    /** @type {Map<number, { node: HTMLElement, tiles: import("./tile.js").TileType[], band: import("./layout.js").Band }>} */
    this.bands = new Map();
    this.layout = null;
    this.top = -1;
    this.height = -1;
    this.shownCount = -1;
    this.before = month.before;
  }

  /** Put it where the month now is. */
  place() {
    const { month } = this;
    if (this.top !== month.top) this.root.style.transform = `translateY(${(this.top = month.top)}px)`;
    if (this.height !== month.height) this.root.style.height = `${(this.height = month.height)}px`;
    if (this.shownCount !== month.count) this.total.textContent = count((this.shownCount = month.count));
    this.root.classList.toggle("is-waiting", !month.layout);
    if (this.before === month.before) return;
    this.before = month.before;
    for (const { tiles, band } of this.bands.values()) for (const [i, tile] of tiles.entries()) tile.index = month.before + band.first + i;
  }

  /**
   * Draw the rows near the screen and drop the others. Rows on screen are drawn at once, the others as far as the budget goes.
   * @param {number} from top of the screen, px from the month's top
   * @param {number} to bottom of the screen
   * @param {number} over px drawn above and below the screen
   * @param {number} budget how many new rows outside the screen may be drawn
   * @param {Map<string, import("./tile.js").TileType>} limbo tiles of an older layout, to be used again
   * @returns {number} what is left of the budget; -1 when it was too small
   */
  draw(from, to, over, budget, limbo) {
    const { layout } = this.month;
    if (this.layout !== layout) {
      this.release(limbo);
      this.layout = layout;
    }
    if (!layout) return budget;
    const { bands } = layout;
    const first = firstBandBelow(bands, from - over);
    let last = first;
    while (last < bands.length && bands[last].top < to + over) last += 1;
    for (const [i, drawn] of this.bands) if (i < first || i >= last) this.#drop(i, drawn);
    let left = budget;
    for (let i = first; i < last; i += 1) {
      if (this.bands.has(i)) continue;
      const onScreen = bands[i].top < to && bands[i].top + bands[i].height > from;
      if (!onScreen && left <= 0) {
        left = -1;
        continue;
      }
      this.#make(i, bands[i], limbo);
      if (!onScreen) left -= 1;
    }
    return left;
  }

  #make(i, band, limbo) {
    const { columns, layout, before } = this.month;
    const node = document.createElement("div");
    node.className = "band";
    node.style.transform = `translateY(${band.top}px)`;
    node.style.height = `${band.height}px`;
    const headings = new Map(band.headings.map((heading) => [heading.first, heading]));
    const tiles = [];
    for (let at = band.first; at < band.last; at += 1) {
      const heading = headings.get(at);
      if (heading) node.append(dayHeading(heading));
      const tile = limbo.get(columns.ids[at]) ?? takeTile();
      limbo.delete(columns.ids[at]);
      tile.show(columns, at, before + at);
      const { style } = tile.root;
      style.left = `${layout.lefts[at]}px`;
      style.top = `${band.rowTop}px`;
      style.width = `${layout.widths[at]}px`;
      style.height = `${band.rowHeight}px`;
      tiles.push(tile);
      node.append(tile.root);
    }
    this.bands.set(i, { node, tiles, band });
    // Rows stay in reading order, so that Tab and screen readers meet them as the eye does.
    let next = null;
    let nearest = Infinity;
    for (const [other, drawn] of this.bands) {
      if (other > i && other < nearest) {
        nearest = other;
        next = drawn.node;
      }
    }
    this.root.insertBefore(node, next);
  }

  #drop(i, drawn) {
    for (const tile of drawn.tiles) returnTile(tile);
    drawn.node.remove();
    this.bands.delete(i);
  }

  /** Take every row out, leaving its tiles in `limbo`. @param {Map<string, import("./tile.js").TileType>} limbo */
  release(limbo) {
    for (const [i, drawn] of this.bands) {
      for (const tile of drawn.tiles) limbo.set(tile.id, tile);
      drawn.node.remove();
      this.bands.delete(i);
    }
    this.layout = null;
  }
}

/** @param {import("./layout.js").Band[]} bands @param {number} y @returns {number} the first that ends below y */
export function firstBandBelow(bands, y) {
  let low = 0;
  let high = bands.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    if (bands[middle].top + bands[middle].height <= y) low = middle + 1;
    else high = middle;
  }
  return low;
}

/** @param {import("./layout.js").Heading} heading */
function dayHeading(heading) {
  const node = document.createElement("h3");
  node.className = "day-name";
  node.textContent = heading.width < 240 ? dayShort(heading.day) : dayName(heading.day);
  node.style.left = `${heading.left}px`;
  node.style.width = `${heading.width}px`;
  return node;
}
