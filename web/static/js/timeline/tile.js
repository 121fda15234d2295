import { fileUrl } from "/static/js/lib/api.js";
import { clock, dayFull, timeOfDay } from "/static/js/lib/format.js";
import { iconNode } from "/static/js/lib/icon.js";
import { isChosen } from "/static/js/timeline/chosen.js";
import { ANIMATED, FAVOURITE, MOTION, RAW_BESIDE, renditionVersion } from "/static/js/timeline/flags.js";
import { drawPlaceholder } from "/static/js/timeline/placeholder.js";

const SPARE = 160;
let round = 0;

/** Photos were turned, or turned back: what stands in for those that are not made yet looks different now. */
export function renewStandIns() {
  round += 1;
}

/** One photo of the grid: made once, used for many photos as they scroll by. */
class Tile {
  constructor() {
    this.root = document.createElement("a");
    this.root.className = "tile";
    this.root.tabIndex = -1;
    this.canvas = document.createElement("canvas");
    this.image = document.createElement("img");
    this.image.alt = "";
    this.image.decoding = "async";
    this.image.draggable = false;
    this.image.onload = () => this.root.classList.add("loaded");
    this.image.onerror = () => this.root.classList.toggle("broken", this.image.hasAttribute("src"));
    this.root.append(this.canvas, this.image);
    this.id = "";
    this.source = "";
    this.sharp = false;
    this.shape = /** @type {number | null} */ (null);
    this.hash = /** @type {string | null} */ (null);
    this.words = "";
    /** @type {HTMLElement | null} */
    this.badge = null;
    /** @type {{ tile: Tile }} */ (/** @type {any} */ (this.root)).tile = this;
  }

  /**
   * Show a photo; its thumbnail is fetched later by `load`.
   * @param {import("./months.js").Columns} columns
   * @param {number} i
   * @param {number} index over the whole timeline
   */
  show(columns, i, index) {
    const id = columns.ids[i];
    this.index = index;
    const hash = columns.thumbhash[i];
    if (this.id !== id || this.hash !== hash) drawPlaceholder(this.canvas, hash);
    if (this.id !== id) this.root.setAttribute("href", `/photo/${id}`);
    // One that was turned or cropped meanwhile is not shown squeezed into its new shape.
    if (this.id === id && this.shape !== columns.ratio[i]) this.root.classList.remove("loaded", "at-once");
    this.id = id;
    this.hash = hash;
    this.shape = columns.ratio[i];
    this.describe(columns, i);
    const version = renditionVersion(columns.thumbhash[i], columns.flags[i]);
    const source = fileUrl(id, "thumbnail", version) + (version === "standin" && round ? `&round=${round}` : "");
    if (source !== this.source) this.sharp = false; // the same photo, adjusted meanwhile
    this.source = source;
    this.preview = version === "standin" ? "" : fileUrl(id, "preview", version);
  }

  /** @param {import("./months.js").Columns} columns @param {number} i */
  describe(columns, i) {
    const flags = columns.flags[i];
    const video = columns.kind[i] === "video";
    const start = columns.start[i] ?? "";
    const words = [video ? "Video" : "Photo", dayFull(start), timeOfDay(start)];
    if (flags & FAVOURITE) words.push("favourite");
    if (columns.note?.[i]) words.push(columns.note[i]);
    this.words = words.join(", ");
    this.choose();
    this.#mark(video, columns.duration[i], flags);
  }

  /** Show whether it is chosen. */
  choose() {
    const on = isChosen(this.id);
    this.root.classList.toggle("is-chosen", on);
    this.root.setAttribute("aria-label", on ? `${this.words}, chosen` : this.words);
  }

  #mark(video, duration, flags) {
    const marks = [];
    if (video) marks.push(iconNode("play", 14));
    if (video && duration) marks.push(document.createTextNode(clock(duration)));
    if (!video && flags & MOTION) marks.push(iconNode("circle-dot", 16));
    if (!video && flags & ANIMATED) marks.push(document.createTextNode("GIF"));
    if (flags & RAW_BESIDE) marks.push(document.createTextNode("RAW"));
    if (flags & FAVOURITE) marks.push(iconNode("heart", 15));
    if (!marks.length) {
      this.badge?.remove();
      this.badge = null;
      return;
    }
    if (!this.badge) {
      this.badge = document.createElement("span");
      this.badge.className = "tile-badge";
      this.badge.setAttribute("aria-hidden", "true");
      this.root.append(this.badge);
    }
    this.badge.classList.toggle("is-favourite", Boolean(flags & FAVOURITE));
    this.badge.replaceChildren(...marks);
  }

  /** Fetch the thumbnail, unless it is there or on its way. */
  load() {
    if (this.image.getAttribute("src") === this.source || this.sharp) return;
    this.root.classList.remove("broken");
    this.image.src = this.source; // until it is there, the browser shows what was there: of the same photo, or nothing
    if (this.image.complete && this.image.naturalWidth) this.root.classList.add("loaded", "at-once");
  }

  /** Empty it, which also ends a fetch under way. */
  clear() {
    this.id = "";
    this.sharp = false;
    this.source = "";
    this.root.classList.remove("loaded", "broken", "at-once");
    this.image.removeAttribute("src");
    this.root.tabIndex = -1;
  }
}

/** @type {Tile[]} */
const spare = [];

/** @returns {Tile} */
export const takeTile = () => spare.pop() ?? new Tile();

/** @param {Tile} tile */
export function returnTile(tile) {
  tile.clear();
  tile.root.remove();
  if (spare.length < SPARE) spare.push(tile);
}

/** @typedef {Tile} TileType */
