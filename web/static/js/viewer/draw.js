// Drawing a box on the photo with mouse, finger or pen.
import { el } from "/static/js/lib/dom.js";

const SMALLEST_PX = 14;

/**
 * @param {HTMLElement} layer lies exactly over the photo
 * @param {(box: number[] | null) => void} onDone fractions of the photo; null when it was given up
 * @returns {() => void} gives up
 */
export function drawBox(layer, onDone) {
  const cancel = el("button", { type: "button", onclick: () => finish(null) }, "Cancel");
  const hint = el("div", { class: "draw-hint", role: "status" }, "Draw a box around the face.", cancel);
  const box = el("div", { class: "face-mark face-new", hidden: true });
  const sheet = el("div", { class: "draw-sheet" });
  layer.classList.add("is-drawing");
  layer.append(sheet, box, hint);
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
    onDone(found);
  };
  // PhotoSwipe must not swipe meanwhile.
  for (const name of ["pointerdown", "pointermove", "pointerup", "click", "touchstart", "wheel"]) sheet.addEventListener(name, (event) => event.stopPropagation());
  sheet.addEventListener("pointerdown", (event) => {
    if (event.button !== 0) return;
    event.preventDefault();
    sheet.setPointerCapture(event.pointerId);
    from = at(event);
    hint.hidden = true;
  });
  sheet.addEventListener("pointermove", (event) => {
    if (!from) return;
    const [left, top, width, height] = span(event);
    box.hidden = false;
    box.style.left = `${left * 100}%`;
    box.style.top = `${top * 100}%`;
    box.style.width = `${width * 100}%`;
    box.style.height = `${height * 100}%`;
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
