// Draws the part of the timeline that is near the screen. Each frame reads the scroll position once, then only writes.
import { el } from "/static/js/lib/dom.js";
import { Pictures } from "/static/js/timeline/pictures.js";
import { firstBandBelow, MonthSection } from "/static/js/timeline/section.js";
import { returnTile } from "/static/js/timeline/tile.js";

const OVERSCAN = 0.7; // screens drawn above and below
const REACH = 2; // screens above and below whose months are fetched
const NEW_ROWS_AHEAD = 3; // rows outside the screen drawn in one frame
const BAR_PX = 72;
const FETCH_DELAY_MS = 70; // a month must stay near the screen this long to be fetched while scrolling fast

export class TimelineView extends EventTarget {
  /** @param {HTMLElement} root @param {import("./months.js").Months} months */
  constructor(root, months) {
    super();
    this.root = root;
    this.months = months;
    this.canvas = el("div", { class: "timeline-canvas" });
    root.append(this.canvas);
    /** @type {Map<string, MonthSection>} */
    this.sections = new Map();
    this.pictures = new Pictures(this);
    this.origin = 0;
    this.y = 0;
    this.screen = innerHeight;
    this.anchor = null;
    this.frame = 0;
    this.fetchTimer = 0;
    this.changed = false;
    this.focusIndex = 0;
    this.paused = false;
    this.ended = new AbortController();
    const { signal } = this.ended;
    addEventListener("scroll", () => this.schedule(), { passive: true, signal });
    const observer = new ResizeObserver(() => this.measure());
    observer.observe(root);
    signal.addEventListener("abort", () => observer.disconnect());
    addEventListener("resize", () => this.measure(), { signal });
    months.addEventListener("loaded", () => this.invalidate());
    months.addEventListener("flags", (event) => this.#describe(/** @type {CustomEvent} */ (event).detail));
    this.measure();
  }

  /** While another page is shown nothing is drawn. @param {boolean} paused */
  pause(paused) {
    this.paused = paused;
    if (!paused) this.measure();
  }

  /** Stop listening; its tiles go back to be used again. */
  destroy() {
    this.paused = true;
    this.ended.abort();
    cancelAnimationFrame(this.frame);
    clearTimeout(this.fetchTimer);
    this.months.abortAllBut(new Set());
    const limbo = new Map();
    for (const section of this.sections.values()) section.release(limbo);
    for (const tile of limbo.values()) returnTile(tile);
  }

  /** Where the timeline begins and how wide it is. */
  measure() {
    if (this.paused || !this.root.isConnected || !this.canvas.clientWidth) return;
    this.origin = this.root.getBoundingClientRect().top + scrollY;
    this.screen = innerHeight;
    this.months.resize(this.canvas.clientWidth);
    this.invalidate();
  }

  /** Something changed: place the months again at the next frame, keeping what is on screen where it is. */
  invalidate() {
    this.changed = true;
    this.schedule();
  }

  /** Draw at the next frame. */
  schedule() {
    if (this.frame || this.paused) return;
    this.frame = requestAnimationFrame(() => {
      this.frame = 0;
      if (!this.paused) this.draw();
    });
  }

  /** Draw now. */
  draw() {
    let y = scrollY - this.origin;
    const focused = this.changed ? /** @type {any} */ (document.activeElement)?.tile?.id : "";
    if (this.changed) y = this.#settle(y);
    this.y = y;
    const unfinished = this.#drawSections(y);
    this.#remember(y);
    this.#roveFocus();
    if (focused && document.activeElement === document.body) this.tile(focused)?.root.focus({ preventScroll: true });
    this.pictures.moved(y);
    this.#fetchSoon();
    this.dispatchEvent(new Event("moved"));
    if (unfinished) this.schedule();
  }

  /** Apply new heights; the row that was at the top of the screen stays there. @param {number} y @returns {number} */
  #settle(y) {
    this.changed = false;
    this.months.place();
    this.canvas.style.height = `${this.months.height}px`;
    // What was scrolled since the anchor was noted is kept too.
    const target = y > 0 ? this.#anchoredY(y) + (this.anchor ? y - this.y : 0) : y;
    if (Math.abs(target - y) < 1) return y;
    scrollTo(0, target + this.origin);
    return scrollY - this.origin;
  }

  #anchoredY(y) {
    const { anchor } = this;
    const month = anchor && this.months.list.find((entry) => entry.month === anchor.month);
    if (!month) return this.y;
    const i = anchor.id && month.columns ? month.columns.ids.indexOf(anchor.id) : -1;
    if (i < 0 || !month.layout) return month.top + anchor.fraction * month.height;
    const band = month.layout.bands.find((entry) => entry.last > i);
    return month.top + band.top - anchor.offset;
  }

  /** Note the first row on screen (or, where none is drawn yet, the place in the month). */
  #remember(y) {
    const { list } = this.months;
    if (!list.length) return;
    let position = this.months.positionAt(Math.max(0, y));
    const at = list[position];
    this.anchor = { month: at.month, id: "", offset: 0, fraction: Math.max(0, (y - at.top) / at.height) };
    for (; position < list.length && list[position].top < y + this.screen; position += 1) {
      const month = list[position];
      if (!month.layout) continue;
      const band = month.layout.bands[firstBandBelow(month.layout.bands, y - month.top)];
      if (!band) continue;
      const id = month.columns.ids[band.first];
      this.anchor = { month: month.month, id, offset: month.top + band.top - y, fraction: 0 };
      return;
    }
  }

  #drawSections(y) {
    const { list } = this.months;
    const limbo = new Map();
    const over = this.screen * OVERSCAN;
    const first = list.length ? this.months.positionAt(y - over) : 0;
    const near = new Set();
    let budget = NEW_ROWS_AHEAD;
    let unfinished = false;
    for (let i = first; i < list.length && list[i].top < y + this.screen + over; i += 1) {
      const month = list[i];
      near.add(month.month);
      const section = this.#section(month, limbo);
      section.place();
      const left = section.draw(y - month.top, y + this.screen - month.top, over, Math.max(0, budget), limbo);
      unfinished ||= left < 0;
      budget = Math.min(budget, left);
    }
    for (const [name, section] of this.sections) {
      if (near.has(name)) continue;
      section.release(limbo);
      section.root.remove();
      this.sections.delete(name);
    }
    for (const tile of limbo.values()) returnTile(tile);
    return unfinished;
  }

  #section(month, limbo) {
    const known = this.sections.get(month.month);
    if (known && known.month === month) return known;
    known?.release(limbo); // a list that was asked for anew has other parts of the same names
    known?.root.remove();
    const section = new MonthSection(month);
    this.sections.set(month.month, section);
    const later = [...this.sections.values()].filter((other) => other.month.top > month.top).sort((a, b) => a.month.top - b.month.top);
    this.canvas.insertBefore(section.root, later[0]?.root ?? null);
    return section;
  }

  #fetchSoon() {
    const { months, screen, y } = this;
    if (!months.list.length) return;
    const wanted = new Set();
    const first = months.positionAt(y - screen * REACH);
    for (let i = first; i < months.list.length && months.list[i].top < y + screen * (REACH + 1); i += 1) {
      wanted.add(months.list[i].month);
    }
    months.abortAllBut(wanted);
    clearTimeout(this.fetchTimer);
    const fetchWanted = () => {
      const center = y + screen / 2;
      const far = (/** @type {import("./months.js").Month} */ month) => Math.abs(month.top + month.height / 2 - center);
      const missing = months.list.filter((month) => wanted.has(month.month) && (!month.columns || month.stale));
      for (const month of missing.sort((a, b) => far(a) - far(b))) {
        if (Date.now() - (months.failed.get(month.month) ?? 0) > 3000) months.load(month);
      }
      months.forgetFar(months.positionAt(center));
    };
    if (this.pictures.isFast) this.fetchTimer = setTimeout(fetchWanted, FETCH_DELAY_MS);
    else fetchWanted();
  }

  /** Exactly one tile can be reached with Tab; the arrow keys move from there. */
  #roveFocus() {
    const tiles = this.onScreen();
    if (!tiles.length) return;
    const chosen = tiles.find((tile) => tile.index === this.focusIndex) ?? tiles[0];
    if (this.reachable !== chosen && this.reachable) this.reachable.root.tabIndex = -1;
    this.reachable = chosen;
    chosen.root.tabIndex = 0;
  }

  #describe({ id, month, i }) {
    const tile = this.tile(id);
    if (tile && month.columns) tile.describe(month.columns, i);
  }

  /** The tiles whose row is at least partly on screen. */
  onScreen() {
    const tiles = [];
    for (const { month, bands } of this.sections.values()) {
      for (const drawn of bands.values()) {
        const top = month.top + drawn.band.top - this.y;
        if (top < this.screen && top + drawn.band.height > 0) tiles.push(...drawn.tiles);
      }
    }
    return tiles.sort((a, b) => a.index - b.index);
  }

  /** Every tile in the page. */
  *drawn() {
    for (const { bands } of this.sections.values()) for (const { tiles } of bands.values()) yield* tiles;
  }

  /** @param {string} id */
  tile(id) {
    for (const tile of this.drawn()) if (tile.id === id) return tile;
    return null;
  }

  /** Scroll to a place in a month. @param {number} position in the list of months @param {number} [fraction] 0..1 */
  scrollToMonth(position, fraction = 0) {
    const month = this.months.list[position];
    if (month) scrollTo(0, this.origin + month.top + fraction * month.height - (position === 0 && fraction === 0 ? this.origin : 0));
  }

  /** Bring a photo onto the screen, loading its month first. @param {number} index */
  async reveal(index) {
    const found = this.months.locate(index);
    if (!found) return null;
    await this.months.load(found.month);
    if (!found.month.columns) return null;
    this.months.place();
    const band = found.month.layout.bands.find((entry) => entry.last > found.i);
    const top = found.month.top + band.top - (scrollY - this.origin);
    const header = Math.min(this.origin, BAR_PX) + 8; // what stays over the photos while scrolling
    if (top < header - band.rowTop || top + band.height > this.screen) {
      scrollTo(0, found.month.top + band.top + this.origin - Math.max(header, (this.screen - band.height) / 2));
    }
    this.changed = false;
    this.canvas.style.height = `${this.months.height}px`;
    this.draw();
    return this.tile(found.month.columns.ids[found.i]);
  }
}
