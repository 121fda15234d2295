// A map on a canvas: drag, wheel, pinch, keys. It asks for the clusters of what is on screen and draws them as circles.
import { api } from "/static/js/lib/api.js";
import { count } from "/static/js/lib/format.js";
import { toLatitude, toLongitude, toX, toY, world } from "/static/js/places/world.js";

const TILE_PX = 256;
const MOST_ZOOM = 18;
const FINE_FROM = 3.4; // zoom at which the coarse coasts would look it
const ASK_MS = 120;
const CLICK_PX = 6;

export class PhotoMap {
  /** @param {HTMLCanvasElement} canvas @param {{ onPick: (box: number[], count: number) => void }} options */
  constructor(canvas, { onPick }) {
    this.canvas = canvas;
    this.onPick = onPick;
    this.x = 0.5; // the middle of the screen, 0..1
    this.y = 0.4;
    this.zoom = 1;
    /** @type {{ zoom: number, longitude: number[], latitude: number[], count: number[] } | null} */
    this.found = null;
    /** @type {Map<number, { x: number, y: number }>} */
    this.pointers = new Map();
    /** @type {import("./area.js").AreaTool | null} what pointers and keys are asked about first */
    this.tool = null;
    this.timer = 0;
    this.frame = 0;
    this.moved = 0;
    this.ended = new AbortController();
    this.asking = new AbortController();
    const { signal } = this.ended;
    const observer = new ResizeObserver(() => this.resize());
    observer.observe(canvas);
    signal.addEventListener("abort", () => observer.disconnect());
    const on = (/** @type {string} */ name, /** @type {any} */ handler) => canvas.addEventListener(name, handler, { signal, passive: false });
    on("pointerdown", (/** @type {PointerEvent} */ event) => this.#down(event));
    on("pointermove", (/** @type {PointerEvent} */ event) => this.#move(event));
    for (const name of ["pointerup", "pointercancel"]) on(name, (/** @type {PointerEvent} */ event) => this.#up(event));
    on("wheel", (/** @type {WheelEvent} */ event) => {
      event.preventDefault();
      this.zoomAt(this.zoom - event.deltaY / (event.deltaMode ? 12 : 320), event.offsetX, event.offsetY);
    });
    on("keydown", (/** @type {KeyboardEvent} */ event) => this.#key(event));
    const redraw = () => this.draw();
    matchMedia("(prefers-color-scheme: dark)").addEventListener("change", redraw, { signal });
    new MutationObserver(redraw).observe(document.documentElement, { attributeFilter: ["data-theme"] });
  }

  destroy() {
    this.ended.abort();
    this.asking.abort();
    clearTimeout(this.timer);
    cancelAnimationFrame(this.frame);
  }

  get worldPx() {
    return TILE_PX * 2 ** this.zoom;
  }

  resize() {
    const { clientWidth: width, clientHeight: height } = this.canvas;
    if (!width) return;
    const dense = Math.min(2, devicePixelRatio);
    this.canvas.width = width * dense;
    this.canvas.height = height * dense;
    this.#settle();
  }

  /** Show a box with some room around it. @param {number[]} box west, south, east, north */
  fit([west, south, east, north]) {
    const { clientWidth: width, clientHeight: height } = this.canvas;
    const wide = Math.max(1e-6, toX(east) - toX(west));
    const high = Math.max(1e-6, toY(south) - toY(north));
    this.zoom = Math.min(13, Math.log2(Math.min(width / wide, height / high) / TILE_PX / 1.35));
    this.x = (toX(west) + toX(east)) / 2;
    this.y = (toY(south) + toY(north)) / 2;
    this.#settle();
  }

  /** Keep what lies under a point where it is. @param {number} zoom @param {number} [px] @param {number} [py] */
  zoomAt(zoom, px = this.canvas.clientWidth / 2, py = this.canvas.clientHeight / 2) {
    const dx = px - this.canvas.clientWidth / 2;
    const dy = py - this.canvas.clientHeight / 2;
    const before = this.worldPx;
    this.zoom = Math.max(this.#leastZoom(), Math.min(MOST_ZOOM, zoom));
    this.x += dx / before - dx / this.worldPx;
    this.y += dy / before - dy / this.worldPx;
    this.#settle();
  }

  #leastZoom() {
    return Math.max(0.5, Math.log2(this.canvas.clientWidth / TILE_PX), Math.log2(this.canvas.clientHeight / TILE_PX) - 0.6);
  }

  #settle() {
    this.zoom = Math.max(this.#leastZoom(), this.zoom);
    const halfX = this.canvas.clientWidth / 2 / this.worldPx;
    const halfY = this.canvas.clientHeight / 2 / this.worldPx;
    this.x = Math.max(halfX, Math.min(1 - halfX, this.x));
    this.y = halfY >= 0.5 ? 0.5 : Math.max(halfY, Math.min(1 - halfY, this.y));
    this.draw();
    clearTimeout(this.timer);
    this.timer = setTimeout(() => this.ask(), ASK_MS);
  }

  get size() {
    return { width: this.canvas.clientWidth, height: this.canvas.clientHeight };
  }

  /** What lies there on the canvas. @param {number} px @param {number} py @returns {[number, number]} longitude, latitude */
  at(px, py) {
    const { width, height } = this.size;
    const clip = (/** @type {number} */ value) => Math.max(0, Math.min(1, value));
    return [toLongitude(clip(this.x + (px - width / 2) / this.worldPx)), toLatitude(clip(this.y + (py - height / 2) / this.worldPx))];
  }

  /** Where that lies on the canvas. @param {[number, number]} place longitude, latitude @returns {[number, number]} */
  on([longitude, latitude]) {
    const { width, height } = this.size;
    return [width / 2 + (toX(longitude) - this.x) * this.worldPx, height / 2 + (toY(latitude) - this.y) * this.worldPx];
  }

  /** @param {number} dx @param {number} dy px */
  moveBy(dx, dy) {
    this.x += dx / this.worldPx;
    this.y += dy / this.worldPx;
    this.#settle();
  }

  /** @returns {number[]} west, south, east, north of the screen */
  box() {
    const halfX = this.canvas.clientWidth / 2 / this.worldPx;
    const halfY = this.canvas.clientHeight / 2 / this.worldPx;
    const clip = (/** @type {number} */ value) => Math.max(0, Math.min(1, value));
    return [toLongitude(clip(this.x - halfX)), toLatitude(clip(this.y + halfY)), toLongitude(clip(this.x + halfX)), toLatitude(clip(this.y - halfY))];
  }

  async ask() {
    this.asking.abort();
    this.asking = new AbortController();
    try {
      const box = this.box().map((value) => value.toFixed(5));
      this.found = await api.get(`/map?bbox=${box.join(",")}&zoom=${Math.round(Math.max(0, this.zoom))}`, this.asking.signal);
      this.draw();
    } catch {
      // Moved on meanwhile, or offline: what was drawn stays.
    }
  }

  draw() {
    if (!this.frame) this.frame = requestAnimationFrame(() => this.#draw());
  }

  async #draw() {
    this.frame = 0;
    const { clientWidth: width, clientHeight: height } = this.canvas;
    const pen = this.canvas.getContext("2d");
    if (!pen || !width) return;
    const shapes = this.shapes ?? null;
    this.#shapes();
    const colour = (/** @type {string} */ name) => getComputedStyle(this.canvas).getPropertyValue(name).trim();
    const dense = this.canvas.width / width;
    const size = this.worldPx;
    pen.setTransform(dense, 0, 0, dense, 0, 0);
    pen.fillStyle = colour("--map-sea");
    pen.fillRect(0, 0, width, height);
    if (shapes) {
      pen.save();
      pen.translate(width / 2 - this.x * size, height / 2 - this.y * size);
      pen.scale(size, size);
      pen.fillStyle = colour("--map-land");
      pen.fill(shapes.land);
      pen.lineWidth = 1 / size;
      pen.strokeStyle = colour("--map-border");
      pen.stroke(shapes.borders);
      pen.restore();
    }
    pen.textAlign = "center";
    pen.textBaseline = "middle";
    for (const spot of this.spots()) {
      pen.beginPath();
      pen.arc(spot.x, spot.y, spot.radius, 0, 2 * Math.PI);
      pen.fillStyle = colour("--accent");
      pen.globalAlpha = 0.92;
      pen.fill();
      pen.globalAlpha = 1;
      pen.lineWidth = 2;
      pen.strokeStyle = colour("--surface");
      pen.stroke();
      if (spot.count < 2) continue;
      pen.fillStyle = colour("--on-accent");
      pen.font = `600 ${spot.radius > 20 ? 14 : 12}px ${colour("--font") || "sans-serif"}`;
      pen.fillText(spot.count > 9999 ? `${Math.round(spot.count / 1000)}k` : count(spot.count), spot.x, spot.y + 0.5);
    }
    this.tool?.draw(pen, colour);
  }

  async #shapes() {
    const detail = this.zoom >= FINE_FROM ? "fine" : "coarse";
    if (this.detail === detail) return;
    this.detail = detail;
    try {
      this.shapes = await world(detail);
    } catch {
      this.detail = ""; // without coasts the circles stand on the sea
      return;
    }
    this.draw();
  }

  /** Clusters as they stand on screen, the largest last. */
  spots() {
    const { found } = this;
    if (!found) return [];
    const { clientWidth: width, clientHeight: height } = this.canvas;
    return found.count
      .map((files, i) => ({
        count: files,
        longitude: found.longitude[i],
        latitude: found.latitude[i],
        x: width / 2 + (toX(found.longitude[i]) - this.x) * this.worldPx,
        y: height / 2 + (toY(found.latitude[i]) - this.y) * this.worldPx,
        radius: files < 2 ? 8 : Math.min(30, 13 + 2.6 * Math.log2(files)),
      }))
      .reverse();
  }

  #down(/** @type {PointerEvent} */ event) {
    if (!event.isPrimary && event.pointerType === "mouse") return;
    this.canvas.setPointerCapture(event.pointerId);
    this.pointers.set(event.pointerId, { x: event.offsetX, y: event.offsetY });
    if (this.pointers.size > 1) this.tool?.cancelStroke();
    else {
      this.moved = 0;
      this.tool?.down(event.offsetX, event.offsetY);
    }
  }

  #move(/** @type {PointerEvent} */ event) {
    const was = this.pointers.get(event.pointerId);
    if (!was) return;
    const now = { x: event.offsetX, y: event.offsetY };
    this.moved += Math.hypot(now.x - was.x, now.y - was.y);
    if (this.pointers.size === 2) {
      const other = [...this.pointers].find(([id]) => id !== event.pointerId)?.[1];
      if (other) {
        const before = Math.hypot(was.x - other.x, was.y - other.y);
        const after = Math.hypot(now.x - other.x, now.y - other.y);
        this.pointers.set(event.pointerId, now);
        if (before > 0 && after > 0) this.zoomAt(this.zoom + Math.log2(after / before), (now.x + other.x) / 2, (now.y + other.y) / 2);
        return;
      }
    }
    this.pointers.set(event.pointerId, now);
    if (this.tool?.pen) return this.tool.move(now.x, now.y);
    this.x -= (now.x - was.x) / this.worldPx;
    this.y -= (now.y - was.y) / this.worldPx;
    return this.#settle();
  }

  #up(/** @type {PointerEvent} */ event) {
    const alone = this.pointers.size === 1;
    if (!this.pointers.delete(event.pointerId)) return;
    if (event.type === "pointercancel") return this.tool?.cancelStroke();
    if (alone && this.tool?.up(event.offsetX, event.offsetY, this.moved)) return;
    if (this.tool) return;
    if (alone && this.moved < CLICK_PX) this.#pick(event.offsetX, event.offsetY);
  }

  #pick(/** @type {number} */ px, /** @type {number} */ py) {
    const spot = this.spots()
      .reverse()
      .find(({ x, y, radius }) => Math.hypot(px - x, py - y) <= radius + 4);
    if (!spot) return;
    // The cell that the circle stands for, and a little more, because its middle may lie anywhere in it.
    const reach = 360 / 2 ** (Math.round(this.zoom) + 2) * 0.75;
    this.onPick([Math.max(-180, spot.longitude - reach), Math.max(-90, spot.latitude - reach), Math.min(180, spot.longitude + reach), Math.min(90, spot.latitude + reach)], spot.count);
  }

  #key(/** @type {KeyboardEvent} */ event) {
    if (this.tool && !event.ctrlKey && !event.metaKey && !event.altKey && this.tool.key(event.key)) {
      event.preventDefault();
      event.stopPropagation();
      return;
    }
    const step = 80 / this.worldPx;
    const run = {
      ArrowLeft: () => (this.x -= step),
      ArrowRight: () => (this.x += step),
      ArrowUp: () => (this.y -= step),
      ArrowDown: () => (this.y += step),
      "+": () => this.zoomAt(this.zoom + 1),
      "=": () => this.zoomAt(this.zoom + 1),
      "-": () => this.zoomAt(this.zoom - 1),
    }[event.key];
    if (!run || event.ctrlKey || event.metaKey || event.altKey) return;
    event.preventDefault();
    run();
    this.#settle();
  }
}
