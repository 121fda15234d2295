// Choosing an area on the map: a line drawn around it, corner by corner or in one stroke, or a distance from the middle.
import { toLatitude, toLongitude, toX, toY } from "/static/js/places/world.js";

const STEP_PX = 7; // of a stroke: closer points tell nothing
const CLICK_PX = 6;
const MOST_CORNERS = 180;
const KM_PER_DEGREE = 111.195;
export const DISTANCES = [0.5, 1, 2, 5, 10, 25, 50, 100, 250];

/** @typedef {"" | "area" | "near"} Mode */

export class AreaTool {
  /** @param {import("./map.js").PhotoMap} map @param {{ onChange: () => void, onFind: () => void }} options onFind: the area is whole */
  constructor(map, { onChange, onFind }) {
    this.map = map;
    this.onChange = onChange;
    this.onFind = onFind;
    /** @type {Mode} */ this.mode = "";
    /** @type {[number, number][]} longitude, latitude */ this.corners = [];
    this.closed = false;
    this.km = 5;
    /** @type {{ x: number, y: number, moved: boolean } | null} */ this.pen = null;
    /** @type {[number, number][]} corners before this stroke */ this.kept = [];
  }

  /** @param {Mode} mode */
  start(mode) {
    this.mode = mode;
    this.corners = [];
    this.closed = false;
    this.pen = null;
    this.map.tool = mode ? this : null;
    if (mode) this.map.canvas.focus({ preventScroll: true });
    this.#bringIntoSight();
    this.#changed();
  }

  /** Where the distance is measured from. @returns {[number, number]} */
  get middle() {
    return [toLongitude(this.map.x), toLatitude(this.map.y)];
  }

  /** @param {number} km */
  reach(km) {
    this.km = km;
    this.#bringIntoSight();
    this.#changed();
  }

  /** A corner where the cross in the middle is. */
  corner() {
    this.#put(this.middle);
  }

  back() {
    this.corners = this.corners.slice(0, -1);
    this.closed = false;
    this.#changed();
  }

  finish() {
    if (this.mode === "area" && this.corners.length < 3) return;
    if (this.mode === "area") {
      const each = Math.ceil(this.corners.length / MOST_CORNERS);
      this.corners = this.corners.filter((_, i) => i % each === 0);
      this.closed = true;
    }
    this.#changed();
    this.onFind();
  }

  /** @param {number} x @param {number} y @returns {boolean} whether the pointer draws */
  down(x, y) {
    if (this.mode !== "area") return false;
    if (this.closed) this.corners = [];
    this.closed = false;
    this.kept = this.corners;
    this.pen = { x, y, moved: false };
    return true;
  }

  /** @param {number} x @param {number} y */
  move(x, y) {
    if (!this.pen || Math.hypot(x - this.pen.x, y - this.pen.y) < STEP_PX) return;
    if (!this.pen.moved) this.corners = [...this.kept, this.map.at(this.pen.x, this.pen.y)];
    this.pen = { x, y, moved: true };
    this.corners = [...this.corners, this.map.at(x, y)];
    this.map.draw();
  }

  /** @param {number} x @param {number} y @param {number} moved px since it was put down @returns {boolean} */
  up(x, y, moved) {
    if (this.mode === "near") {
      if (moved >= CLICK_PX) return false;
      [this.map.x, this.map.y] = [toX(this.map.at(x, y)[0]), toY(this.map.at(x, y)[1])];
      this.map.moveBy(0, 0);
      return true;
    }
    if (!this.pen) return false;
    const drawn = this.pen.moved;
    this.pen = null;
    if (drawn) this.finish();
    else this.#put(this.map.at(x, y));
    return true;
  }

  /** A second finger zooms: what the first one drew was not meant. */
  cancelStroke() {
    if (!this.pen) return;
    this.pen = null;
    this.corners = this.kept;
    this.map.draw();
  }

  /** @param {string} key @returns {boolean} whether it is one of ours */
  key(key) {
    const run = {
      Enter: () => this.finish(),
      Escape: () => this.start(""),
      ...(this.mode === "area" && { " ": () => this.corner(), Backspace: () => this.back() }),
      ...(this.mode === "near" && { "]": () => this.#farther(1), "[": () => this.#farther(-1) }),
    }[key];
    run?.();
    return Boolean(run);
  }

  /** @param {CanvasRenderingContext2D} pen @param {(name: string) => string} colour */
  draw(pen, colour) {
    const { width, height } = this.map.size;
    pen.lineWidth = 2.5;
    pen.strokeStyle = colour("--accent");
    pen.fillStyle = colour("--accent");
    const shape = new Path2D();
    if (this.mode === "near") {
      shape.arc(width / 2, height / 2, this.#radiusPx(), 0, 2 * Math.PI);
    }
    this.corners.forEach((corner, i) => {
      const [x, y] = this.map.on(corner);
      if (i) shape.lineTo(x, y);
      else shape.moveTo(x, y);
    });
    if (this.closed) shape.closePath();
    pen.globalAlpha = 0.14;
    pen.fill(shape);
    pen.globalAlpha = 1;
    pen.stroke(shape);
    if (!this.pen) for (const corner of this.corners.length < 40 ? this.corners : []) this.#dot(pen, this.map.on(corner), colour);
    this.#cross(pen, width / 2, height / 2, colour);
  }

  #radiusPx() {
    const degrees = this.km / KM_PER_DEGREE / Math.max(0.05, Math.cos((this.middle[1] * Math.PI) / 180));
    return (degrees / 360) * this.map.worldPx;
  }

  /** A circle too small or too large to be seen is zoomed to. */
  #bringIntoSight() {
    if (this.mode !== "near") return;
    const half = Math.min(this.map.size.width, this.map.size.height) / 2;
    const radius = this.#radiusPx();
    if (half && (radius < half / 4 || radius > half)) this.map.zoomAt(this.map.zoom + Math.log2((0.7 * half) / radius));
  }

  #dot(/** @type {CanvasRenderingContext2D} */ pen, /** @type {[number, number]} */ [x, y], /** @type {(name: string) => string} */ colour) {
    pen.beginPath();
    pen.arc(x, y, 5, 0, 2 * Math.PI);
    pen.fillStyle = colour("--surface");
    pen.fill();
    pen.stroke();
  }

  #cross(/** @type {CanvasRenderingContext2D} */ pen, /** @type {number} */ x, /** @type {number} */ y, /** @type {(name: string) => string} */ colour) {
    pen.beginPath();
    for (const [dx, dy] of [[1, 0], [-1, 0], [0, 1], [0, -1]]) {
      pen.moveTo(x + 4 * dx, y + 4 * dy);
      pen.lineTo(x + 13 * dx, y + 13 * dy);
    }
    pen.lineWidth = 2;
    pen.strokeStyle = colour("--text");
    pen.stroke();
  }

  #put(/** @type {[number, number]} */ corner) {
    this.corners = this.closed ? [corner] : [...this.corners, corner].slice(-MOST_CORNERS);
    this.closed = false;
    this.#changed();
  }

  #farther(/** @type {number} */ step) {
    const at = DISTANCES.indexOf(this.km) + step;
    if (DISTANCES[at]) this.reach(DISTANCES[at]);
  }

  #changed() {
    this.map.draw();
    this.onChange();
  }
}
