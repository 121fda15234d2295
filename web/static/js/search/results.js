// What a search found, in the shape that the timeline's grid draws: parts in order of relevance, or months when by date.
import { columnsOfHits, startOf } from "/static/js/search/columns.js";
import { frameFor, layoutFlow } from "/static/js/timeline/layout.js";
import { Months } from "/static/js/timeline/months.js";

const PART = 100;
const BY_DATE_PART = 200; // as many as one answer may hold
export const MOST_BY_DATE = 2000;

/** @typedef {(offset: number, limit: number, signal?: AbortSignal) => Promise<{ total: number, items: import("./columns.js").Hit[] }>} Ask */

export class Results extends Months {
  /** @param {Ask} ask @param {"relevance" | "date"} order */
  constructor(ask, order) {
    super();
    this.ask = ask;
    this.order = order;
    this.resize(1000);
    /** @type {any} what the first answer said beside its hits */
    this.answer = null;
  }

  /** Ask anew. Parts that were loaded are loaded again when they come near the screen. */
  async refresh() {
    if (this.order === "date") return this.#byDate();
    const answer = await this.ask(0, PART);
    this.answer = answer;
    this.total = answer.total;
    this.list = [];
    for (let first = 0; first < this.total; first += PART) {
      const count = Math.min(PART, this.total - first);
      this.list.push(entry(`part-${first}`, count, "", first ? null : columnsOfHits(answer.items.slice(0, PART))));
    }
    this.#trust();
    this.place();
  }

  async #byDate() {
    const hits = [];
    let answer;
    do {
      answer = await this.ask(hits.length, BY_DATE_PART);
      this.answer ??= answer;
      hits.push(...answer.items);
    } while (answer.items.length === BY_DATE_PART && hits.length < Math.min(answer.total, MOST_BY_DATE));
    hits.sort((a, b) => startOf(b.file).localeCompare(startOf(a.file)));
    const months = grouped(hits);
    this.total = hits.length;
    this.list = [...months].map(([month, members]) => entry(month || "unknown", members.length, month ? undefined : "Date unknown", columnsOfHits(members)));
    this.place();
  }

  /** The server has the last word on how many a part holds. */
  #trust() {
    const [first] = this.list;
    if (first?.columns) first.count = first.columns.ids.length;
  }

  resize(/** @type {number} */ width) {
    super.resize(width);
    if (this.order === "relevance" && this.frame.monthHead) {
      this.frame = { ...frameFor(width), monthHead: 0 };
      this.place();
    }
  }

  /** @param {import("../timeline/months.js").Month} month */
  layOut(month) {
    if (this.order === "date") return super.layOut(month);
    return layoutFlow(/** @type {any} */ (month.columns), this.frame, month === this.list.at(-1));
  }

  /** @param {import("../timeline/months.js").Month} month @param {AbortSignal} signal */
  async columnsOf(month, signal) {
    const { items } = await this.ask(month.before, month.count, signal); // less than where it began when photos before it went to the trash
    return columnsOfHits(items.slice(0, month.count));
  }

  /** Months by date are here as a whole and stay. @param {number} position */
  forgetFar(position) {
    if (this.order === "relevance") super.forgetFar(position);
  }
}

/** @param {string} month @param {number} count @param {string | undefined} title @param {any} columns @returns {import("../timeline/months.js").Month} */
function entry(month, count, title, columns) {
  return { month, count, title, before: 0, top: 0, height: 0, known: false, columns, stale: false, layout: null };
}

/** @param {import("./columns.js").Hit} hit */
const monthOf = (hit) => startOf(hit.file).slice(0, 7);

/** @param {import("./columns.js").Hit[]} hits */
function grouped(hits) {
  /** @type {Map<string, import("./columns.js").Hit[]>} */
  const months = new Map();
  for (const hit of hits) {
    const month = monthOf(hit);
    const members = months.get(month);
    if (members) members.push(hit);
    else months.set(month, [hit]);
  }
  return months;
}
