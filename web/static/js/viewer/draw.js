// Drawing a box on the photo with mouse, finger or pen, or by the arrow keys.
import { el } from "/static/js/lib/dom.js";

const SMALLEST_PX = 14;
/** Where the box of the keys begins, and how far a key moves it; fractions of the photo. */
const FIRST = [0.4, 0.3, 0.2, 0.25];
const STEP = 0.02;
const SMALLEST = 0.02;
/** @type {Record<string, [number, number]>} */
const ARROWS = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1] };
const KEYS = "Arrow keys place it, with Shift they size it, Enter takes it.";

/**
 * @param {HTMLElement} layer lies exactly over the photo
 * @param {(box: number[] | null) => void} onDone fractions of the photo; null when it was given up
 * @returns {() => void} gives up
 */
export function drawBox(layer, onDone) {
  const cancel = el("button", { type: "button", onclick: () => finish(null) }, "Cancel");
  const hint = el("div", { class: "draw-hint", role: "status" }, `Draw a box around the face.${matchMedia("(hover: hover)").matches ? ` ${KEYS}` : ""}`, cancel);
  const box = el("div", { class: "face-mark face-new", hidden: true });
  const sheet = el("div", { class: "draw-sheet", tabindex: "0", role: "application", "aria-label": `Box around the face. ${KEYS}` });
  const before = /** @type {HTMLElement | null} */ (document.activeElement);
  layer.classList.add("is-drawing");
  layer.append(sheet, box, hint);
  sheet.focus({ preventScroll: true });
  /** @type {{ x: number, y: number } | null} */
  let from = null;
  const at = (/** @type {PointerEvent} */ event) => {
    const { left, top, width, height } = layer.getBoundingClientRect();
    const inside = (/** @type {number} */ value) => Math.min(1, Math.max(0, value));
    return { x: inside((event.clientX - left) / width), y: inside((event.clientY - top) / height) };
  };
  const span = (/** @type {PointerEvent} */ event) => {
    const to = at(event);
    const start = from ?? to;
    return [Math.min(start.x, to.x), Math.min(start.y, to.y), Math.abs(to.x - start.x), Math.abs(to.y - start.y)];
  };
  const finish = (/** @type {number[] | null} */ found) => {
    sheet.remove();
    hint.remove();
    if (!found) box.remove();
    layer.classList.remove("is-drawing");
    if (!found) before?.focus({ preventScroll: true });
    onDone(found);
  };
  const show = (/** @type {number[]} */ [left, top, width, height]) => {
    box.hidden = false;
    box.style.left = `${left * 100}%`;
    box.style.top = `${top * 100}%`;
    box.style.width = `${width * 100}%`;
    box.style.height = `${height * 100}%`;
  };
  /** @type {number[] | null} */
  let placed = null;
  sheet.addEventListener("keydown", (event) => {
    const arrow = ARROWS[event.key];
    if (!arrow && event.key !== "Enter") return;
    event.preventDefault();
    event.stopPropagation();
    if (!arrow) {
      if (placed) finish(placed);
      return;
    }
    const [left, top, width, height] = placed ?? FIRST;
    const [x, y] = placed ? arrow.map((way) => way * STEP) : [0, 0]; // the first key shows it
    const within = (/** @type {number} */ value, /** @type {number} */ least, /** @type {number} */ most) => Math.min(most, Math.max(least, value));
    placed = event.shiftKey
      ? [left, top, within(width + x, SMALLEST, 1 - left), within(height + y, SMALLEST, 1 - top)]
      : [within(left + x, 0, 1 - width), within(top + y, 0, 1 - height), width, height];
    show(placed);
  });
  // PhotoSwipe must not swipe meanwhile.
  for (const name of ["pointerdown", "pointermove", "pointerup", "click", "touchstart", "wheel"]) sheet.addEventListener(name, (event) => event.stopPropagation());
  sheet.addEventListener("pointerdown", (event) => {
    if (event.button !== 0) return;
    event.preventDefault();
    sheet.setPointerCapture(event.pointerId);
    from = at(event);
    placed = null;
    hint.hidden = true;
  });
  sheet.addEventListener("pointermove", (event) => {
    if (!from) return;
    show(span(event));
  });
  sheet.addEventListener("pointerup", (event) => {
    if (!from) return;
    const drawn = span(event);
    const screen = layer.getBoundingClientRect();
    from = null;
    if (drawn[2] * screen.width >= SMALLEST_PX && drawn[3] * screen.height >= SMALLEST_PX) finish(drawn);
    else {
      box.hidden = true;
      hint.hidden = false;
    }
  });
  sheet.addEventListener("pointercancel", () => {
    from = null;
    box.hidden = true;
  });
  return () => layer.classList.contains("is-drawing") && finish(null);
}
