// Decides when the tiles on screen fetch their pictures: not while flying past, visible ones first, sharper ones at rest.
import { api } from "/static/js/lib/api.js";
import { NOT_READY } from "/static/js/timeline/flags.js";

const FAST_PX_PER_MS = 2.5;
const REST_MS = 110;
const SHARPEN_AFTER_MS = 450;
const SOFT = 1.35; // a thumbnail stretched more than this is replaced by the preview when nothing moves

export class Pictures {
  /** @param {import("./view.js").TimelineView} view */
  constructor(view) {
    this.view = view;
    this.speed = 0;
    this.lastY = 0;
    this.lastTime = 0;
    this.restTimer = 0;
    this.sharpenTimer = 0;
    this.asked = "";
    this.run = 0;
  }

  get isFast() {
    return this.speed > FAST_PX_PER_MS;
  }

  /** Called after each drawn frame. @param {number} y */
  moved(y) {
    const now = performance.now();
    const elapsed = Math.max(1, now - this.lastTime);
    this.speed = elapsed > 250 ? 0 : 0.6 * this.speed + (0.4 * Math.abs(y - this.lastY)) / elapsed;
    this.lastY = y;
    this.lastTime = now;
    clearTimeout(this.restTimer);
    clearTimeout(this.sharpenTimer);
    this.run += 1;
    if (this.isFast) {
      this.restTimer = setTimeout(() => this.#rest(), REST_MS);
      return;
    }
    this.#load();
    this.restTimer = setTimeout(() => this.#askFirst(), REST_MS * 3);
    this.sharpenTimer = setTimeout(() => this.#sharpen(), SHARPEN_AFTER_MS);
  }

  #rest() {
    this.speed = 0;
    this.view.schedule();
  }

  #load() {
    for (const tile of this.view.onScreen()) tile.load();
    for (const tile of this.view.drawn()) tile.load();
  }

  /** Tell the server which photos without renditions someone is looking at. */
  #askFirst() {
    const { months } = this.view;
    const ids = this.view.onScreen().filter((tile) => {
      const found = months.locate(tile.index);
      return found?.month.columns && found.month.columns.flags[found.i] & NOT_READY;
    }).map((tile) => tile.id);
    const asked = ids.join();
    if (!ids.length || asked === this.asked) return;
    this.asked = asked;
    api.post("/priority", { ids }).catch(() => {
      this.asked = ""; // only a wish: asked again at the next rest
    });
  }

  /** Replace soft thumbnails by previews, two at a time, until something moves. */
  async #sharpen() {
    if (/** @type {any} */ (navigator).connection?.saveData || document.hidden) return;
    const run = this.run;
    const soft = this.view.onScreen().filter((tile) => {
      const { image } = tile;
      const shown = tile.root.clientWidth * devicePixelRatio;
      return tile.preview && !tile.sharp && image.complete && image.naturalWidth && shown > image.naturalWidth * SOFT;
    });
    const work = async () => {
      for (let tile = soft.shift(); tile && run === this.run; tile = soft.shift()) await sharpen(tile);
    };
    await Promise.all([work(), work()]);
  }
}

/** @param {import("./tile.js").TileType} tile */
async function sharpen(tile) {
  const { id, preview } = tile;
  const image = new Image();
  image.src = preview;
  try {
    await image.decode();
  } catch {
    return; // the thumbnail stays
  }
  if (tile.id !== id) return;
  tile.sharp = true;
  tile.image.src = preview;
}
