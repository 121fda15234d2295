// The picture of the editor: drawn at screen size, with the crop over it while its shape is changed.
import { announce, el } from "/static/js/lib/dom.js";
import { light, shape } from "/static/js/adjust/picture.js";
import { dragged, frameSize, NOTHING, shapeOf } from "/static/js/adjust/recipe.js";

const MOST_PIXELS = 1_600_000; // drawn again for every move of a slider
const AROUND_PX = 28;
const STEP = 0.01;
const HANDLES = ["nw", "n", "ne", "e", "se", "s", "sw", "w"];

/**
 * @param {HTMLElement} root @param {ImageBitmap} picture as taken
 * @param {{ onCrop: (crop: import("./recipe.js").Box) => void }} on
 */
export function createStage(root, picture, { onCrop }) {
  const canvas = /** @type {HTMLCanvasElement} */ (el("canvas", { class: "adjust-picture" }));
  const unlit = document.createElement("canvas");
  const box = el("div", { class: "adjust-crop", tabindex: "0", role: "group", "aria-label": "Crop. Arrows move it, with Shift they change its size." }, el("i"), el("i"), el("i"), el("i"));
  for (const name of HANDLES) box.append(el("span", { class: `adjust-handle is-${name}`, "data-handle": name }));
  const shade = el("div", { class: "adjust-shade" }, box);
  const note = el("p", { class: "adjust-note", hidden: true }, "As taken");
  root.append(canvas, shade, note);
  let recipe = /** @type {import("./recipe.js").Recipe} */ (NOTHING);
  let tab = "";
  let held = false;
  let drawn = "";
  let frameId = 0;

  /** @returns {[number, number]} */
  const frame = () => frameSize(recipe, picture.width, picture.height);
  const isCropping = () => tab === "shape" && !held;

  function draw() {
    frameId = 0;
    const what = held ? NOTHING : recipe;
    const cropped = !isCropping();
    const room = [Math.max(80, root.clientWidth - 2 * AROUND_PX), Math.max(80, root.clientHeight - 2 * AROUND_PX)];
    const full = frameSize(what, picture.width, picture.height);
    const [, , across, down] = cropped && what.crop ? [0, 0, what.crop[2] * full[0], what.crop[3] * full[1]] : [0, 0, ...full];
    const fit = Math.min(room[0] / across, room[1] / down, 2);
    const wanted = Math.min(fit * devicePixelRatio, 1, Math.sqrt(MOST_PIXELS / (across * down)));
    const { turns, mirror, angle, crop } = what;
    const name = JSON.stringify([turns, mirror, angle, cropped && crop, wanted]);
    if (name !== drawn) shape(picture, what, { cropped, scale: wanted, canvas: unlit });
    drawn = name;
    light(unlit, canvas, what.light);
    const size = { left: (root.clientWidth - across * fit) / 2, top: (root.clientHeight - down * fit) / 2, width: across * fit, height: down * fit };
    for (const node of [canvas, shade]) for (const [side, value] of Object.entries(size)) node.style[/** @type {any} */ (side)] = `${value}px`;
    shade.hidden = cropped;
    note.hidden = !held;
    placeCrop();
  }

  function placeCrop() {
    const [left, top, width, height] = recipe.crop ?? [0, 0, 1, 1];
    box.style.left = `${left * 100}%`;
    box.style.top = `${top * 100}%`;
    box.style.width = `${width * 100}%`;
    box.style.height = `${height * 100}%`;
  }

  const later = () => {
    if (!frameId) frameId = requestAnimationFrame(draw);
  };

  /** The crop's shape in fractions of the frame. @param {import("./recipe.js").Box} crop */
  const shapeNow = (crop) => {
    const [wide, high] = frame();
    return shapeOf(recipe.aspect, crop[2] * wide < crop[3] * high, [wide, high]);
  };

  /** @type {{ x: number, y: number, handle: string, crop: import("./recipe.js").Box, shape: number } | null} */
  let drag = null;
  box.addEventListener("pointerdown", (event) => {
    if (event.button !== 0 || drag) return;
    event.preventDefault();
    box.focus({ preventScroll: true });
    box.setPointerCapture(event.pointerId);
    const crop = /** @type {import("./recipe.js").Box} */ (recipe.crop ?? [0, 0, 1, 1]);
    drag = { x: event.clientX, y: event.clientY, handle: /** @type {HTMLElement} */ (event.target).dataset.handle ?? "", crop, shape: shapeNow(crop) };
    shade.classList.add("is-dragged");
  });
  box.addEventListener("pointermove", (event) => {
    if (!drag) return;
    const { width, height } = shade.getBoundingClientRect();
    onCrop(dragged(drag.crop, drag.handle, (event.clientX - drag.x) / width, (event.clientY - drag.y) / height, drag.shape));
  });
  for (const name of ["pointerup", "pointercancel"]) {
    box.addEventListener(name, () => {
      drag = null;
      shade.classList.remove("is-dragged");
    });
  }
  box.addEventListener("keydown", (event) => {
    const [dx, dy] = { ArrowLeft: [-STEP, 0], ArrowRight: [STEP, 0], ArrowUp: [0, -STEP], ArrowDown: [0, STEP] }[event.key] ?? [0, 0];
    if (!dx && !dy) return;
    event.preventDefault();
    const crop = /** @type {import("./recipe.js").Box} */ (recipe.crop ?? [0, 0, 1, 1]);
    const next = dragged(crop, event.shiftKey ? (dx ? "e" : "s") : "", dx, dy, event.shiftKey ? shapeNow(crop) : 0);
    onCrop(next);
    announce(`${Math.round(next[2] * 100)} % of the width, ${Math.round(next[3] * 100)} % of the height`);
  });
  canvas.addEventListener("pointerdown", (event) => {
    if (tab !== "light" || event.button !== 0) return;
    canvas.setPointerCapture(event.pointerId);
    before(true);
  });
  for (const name of ["pointerup", "pointercancel"]) canvas.addEventListener(name, () => before(false));
  const watch = new ResizeObserver(later);
  watch.observe(root);

  /** Show it as it was taken, as long as something is held. @param {boolean} on */
  function before(on) {
    if (held === on) return;
    held = on;
    later();
  }

  return {
    frame,
    before,
    /** @param {import("./recipe.js").Recipe} next @param {string} nextTab */
    show(next, nextTab) {
      recipe = next;
      tab = nextTab;
      root.dataset.tab = tab;
      placeCrop();
      later();
    },
    destroy() {
      watch.disconnect();
      cancelAnimationFrame(frameId);
    },
  };
}
