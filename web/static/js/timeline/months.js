// What the timeline knows: every month's count, and the columns of the months near the screen.
import { api } from "/static/js/lib/api.js";
import { MOTION, NOT_READY } from "/static/js/timeline/flags.js";
import { frameFor, layoutMonth } from "/static/js/timeline/layout.js";

/**
 * @typedef {{ month: string, count: number, ids: string[], ratio: (number | null)[], thumbhash: (string | null)[],
 *   kind: string[], start: string[], duration: (number | null)[], flags: number[], note?: string[] }} Columns
 *   note: said of a photo to those who cannot see it
 * @typedef {{ month: string, count: number, before: number, top: number, height: number, known: boolean,
 *   columns: Columns | null, stale: boolean, layout: import("./layout.js").MonthLayout | null, title?: string }} Month
 *   title: a heading other than the month's name; "" is none
 */

const KEEP_MONTHS = 48; // months whose columns stay in memory: about 30,000 photos of a 100,000 photo library
const START_PX_PER_PHOTO = { small: 62, large: 36 };

export class Months extends EventTarget {
  /** @param {{ person?: string, event?: string }} [only] only photos that show this person, or of this event */
  constructor({ person = "", event = "" } = {}) {
    super();
    this.query = person ? `?person=${encodeURIComponent(person)}` : event ? `?event=${encodeURIComponent(event)}` : "";
    /** @type {Month[]} newest first */
    this.list = [];
    this.total = 0;
    this.height = 0;
    this.frame = frameFor(1000);
    /** @type {Map<string, { controller: AbortController, promise: Promise<void> }>} */
    this.loading = new Map();
    /** @type {Map<string, number>} month -> when its fetch failed */
    this.failed = new Map();
  }

  /** Fetch the list of months; columns of months that did not change are kept. @param {Set<string>} [changed] */
  async refresh(changed = new Set()) {
    const answer = await api.get(`/timeline${this.query}`);
    const old = new Map(this.list.map((month) => [month.month, month]));
    this.total = answer.total;
    this.list = answer.months.map(({ month, count }) => {
      const kept = old.get(month);
      const entry = kept ?? { month, count, before: 0, top: 0, height: 0, known: false, columns: null, stale: false, layout: null };
      if (kept && (kept.count !== count || changed.has(month))) kept.stale = true;
      entry.count = count;
      return entry;
    });
    this.place();
  }

  /** Lay everything out again for another width. @param {number} width */
  resize(width) {
    if (width === this.frame.width) return;
    this.frame = frameFor(width);
    for (const month of this.list) {
      month.known = false;
      month.layout = null;
    }
    this.place();
  }

  /** Fill in tops, heights and running counts. Heights of months not seen yet are estimated from those that were. */
  place() {
    const perPhoto = this.#pxPerPhoto();
    let top = 0;
    let before = 0;
    for (const month of this.list) {
      if (month.columns && !month.layout) {
        month.layout = this.layOut(month);
        month.height = month.layout.height;
        month.known = true;
      }
      if (!month.known) month.height = Math.round(this.frame.monthHead + Math.max(this.frame.target, month.count * perPhoto));
      month.top = top;
      month.before = before;
      top += month.height;
      before += month.count;
    }
    this.height = top;
  }

  /** @param {Month} month one with columns @returns {import("./layout.js").MonthLayout} */
  layOut(month) {
    return layoutMonth(/** @type {Columns} */ (month.columns), this.frame);
  }

  #pxPerPhoto() {
    let photos = 0;
    let px = 0;
    for (const month of this.list) {
      if (!month.known) continue;
      photos += month.count;
      px += month.height - this.frame.monthHead;
    }
    if (photos > 50) return px / photos;
    return this.frame.width < 600 ? START_PX_PER_PHOTO.small : (START_PX_PER_PHOTO.large * 1180) / this.frame.width;
  }

  /** Position in `list` of the month at a height. @param {number} y px from the top of the timeline */
  positionAt(y) {
    let low = 0;
    let high = this.list.length - 1;
    while (low < high) {
      const middle = (low + high + 1) >> 1;
      if (this.list[middle].top <= y) low = middle;
      else high = middle - 1;
    }
    return low;
  }

  /** Which month and place in it a photo counted over the whole timeline has. @param {number} index */
  locate(index) {
    let low = 0;
    let high = this.list.length - 1;
    while (low < high) {
      const middle = (low + high + 1) >> 1;
      if (this.list[middle].before <= index) low = middle;
      else high = middle - 1;
    }
    const month = this.list[low];
    return month && index >= 0 && index < this.total ? { month, i: index - month.before } : null;
  }

  /** Index over the whole timeline, or -1 when its month is not loaded. @param {string} id */
  indexOf(id) {
    for (const month of this.list) {
      const i = month.columns ? month.columns.ids.indexOf(id) : -1;
      if (i >= 0) return month.before + i;
    }
    return -1;
  }

  /** Load a month unless it is here. @param {Month} month @returns {Promise<void>} */
  load(month) {
    if (month.columns && !month.stale) return Promise.resolve();
    const open = this.loading.get(month.month);
    if (open) return open.promise;
    const controller = new AbortController();
    const promise = this.#fetch(month, controller.signal).finally(() => this.loading.delete(month.month));
    this.loading.set(month.month, { controller, promise });
    return promise;
  }

  /** Ask for the columns of a month. @param {Month} month @param {AbortSignal} signal @returns {Promise<Columns>} */
  columnsOf(month, signal) {
    return api.get(`/timeline/${month.month}${this.query}`, signal);
  }

  async #fetch(month, signal) {
    try {
      const columns = await this.columnsOf(month, signal);
      this.failed.delete(month.month);
      month.columns = columns;
      month.stale = false;
      month.layout = null;
      const grew = month.count !== columns.ids.length;
      if (grew) {
        this.total += columns.ids.length - month.count;
        month.count = columns.ids.length;
      }
      this.dispatchEvent(new CustomEvent("loaded", { detail: month }));
    } catch (error) {
      if (error instanceof DOMException) return;
      this.failed.set(month.month, Date.now());
      this.dispatchEvent(new CustomEvent("failed", { detail: { month, error } }));
    }
  }

  /** Stop fetching every month but these. @param {Set<string>} wanted */
  abortAllBut(wanted) {
    for (const [name, { controller }] of this.loading) if (!wanted.has(name)) controller.abort();
  }

  /** Forget the columns of months far from the one on screen, keeping their heights. @param {number} position */
  forgetFar(position) {
    const loaded = this.list.map((month, i) => ({ month, far: Math.abs(i - position) })).filter(({ month }) => month.columns);
    if (loaded.length <= KEEP_MONTHS) return;
    loaded.sort((a, b) => b.far - a.far);
    for (const { month } of loaded.slice(0, loaded.length - KEEP_MONTHS)) {
      month.columns = null;
      month.layout = null;
    }
  }

  /** Take one photo out, as after moving it to the trash. @param {string} id @returns {boolean} whether it was here */
  remove(id) {
    for (const month of this.list) {
      const i = month.columns ? month.columns.ids.indexOf(id) : -1;
      if (i < 0) continue;
      const columns = month.columns;
      for (const column of Object.values(columns)) if (Array.isArray(column)) column.splice(i, 1);
      month.count -= 1;
      month.layout = null;
      this.total -= 1;
      if (!month.count) this.list.splice(this.list.indexOf(month), 1);
      this.place();
      return true;
    }
    return false;
  }

  /** One photo is shown differently now. @param {any} file as the API describes it */
  replace(file) {
    const found = this.locate(this.indexOf(file.id));
    const columns = found?.month.columns;
    if (!found || !columns || columns.ids[found.i] !== file.id) return;
    columns.ratio[found.i] = file.width && file.height ? file.width / file.height : columns.ratio[found.i];
    columns.thumbhash[found.i] = file.thumbhash;
    columns.flags[found.i] = file.thumbhash ? columns.flags[found.i] & ~NOT_READY : columns.flags[found.i] | NOT_READY;
    if (!file.video_url) columns.flags[found.i] &= ~MOTION;
    found.month.layout = null;
    this.place();
  }

  /** Set or clear one flag bit of a photo. @param {string} id @param {number} bit @param {boolean} on */
  setFlag(id, bit, on) {
    const index = this.indexOf(id);
    const found = this.locate(index);
    if (!found) return;
    const flags = found.month.columns.flags;
    flags[found.i] = on ? flags[found.i] | bit : flags[found.i] & ~bit;
    this.dispatchEvent(new CustomEvent("flags", { detail: { id, month: found.month, i: found.i } }));
  }
}
