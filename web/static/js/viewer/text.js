// The text of the picture laid over it, each line where it stands, to be selected and copied.
import { api } from "/static/js/lib/api.js";
import { announce, copyText, el } from "/static/js/lib/dom.js";
import { plural } from "/static/js/lib/format.js";
import { iconNode } from "/static/js/lib/icon.js";
import { toast, toastError } from "/static/js/ui/toast.js";

const SHEET_PX = 1000; // width of the layer before it is scaled to the photo: letters are measured once, not at each zoom

/** @typedef {{ text: string, box: [number, number][], score: number }} Line box: corners clockwise from top left, fractions of the photo */

/** @param {any} pswp @param {{ slide: () => import("./slides.js").Slide }} viewer */
export function createText(pswp, viewer) {
  let shown = false;
  let ready = false;
  /** @type {Line[]} */
  let lines = [];
  let of = "";
  let watcher = () => {};
  const layer = el("div", { class: "text-layer", role: "group", "aria-label": "Text of the picture", hidden: true });
  const total = el("span", { role: "status" });
  const bar = el("div", { class: "text-bar", hidden: true }, total, el("button", { type: "button", onclick: copyAll }, iconNode("copy", 18), "Copy all"));
  const pen = document.createElement("canvas").getContext("2d");

  function place() {
    const { currSlide: slide } = pswp;
    if (!slide || layer.hidden) return;
    const shift = pswp.mainScroll.x - pswp.mainScroll.getCurrSlideX();
    const scale = (slide.width * slide.currZoomLevel) / SHEET_PX;
    layer.style.transform = `translate(${slide.pan.x + shift}px, ${slide.pan.y}px) scale(${scale})`;
  }

  function draw() {
    const { id, type } = viewer.slide();
    const has = shown && ready && type === "image" && of === id && lines.length > 0;
    layer.hidden = !has;
    bar.hidden = !has;
    if (!has) {
      layer.replaceChildren();
      return;
    }
    const height = (SHEET_PX * pswp.currSlide.height) / pswp.currSlide.width;
    layer.style.width = `${SHEET_PX}px`;
    layer.style.height = `${height}px`;
    layer.replaceChildren(...lines.map((line) => lineNode(line, height)));
    total.textContent = plural(lines.length, "line");
    place();
  }

  /** @param {Line} line @param {number} height of the layer */
  function lineNode({ text, box }, height) {
    const [a, b, , d] = box.map(([x, y]) => ({ x: x * SHEET_PX, y: y * height }));
    const wide = Math.hypot(b.x - a.x, b.y - a.y);
    const tall = Math.hypot(d.x - a.x, d.y - a.y);
    const letters = el("span", {}, text);
    const node = el("p", { class: "text-line" }, letters, el("br")); // what is selected over several lines is copied as lines
    const size = tall * 0.82;
    if (pen) pen.font = `${size}px sans-serif`;
    const natural = pen?.measureText(text).width || wide;
    node.style.width = `${wide}px`;
    node.style.height = `${tall}px`;
    node.style.transform = `translate(${a.x}px, ${a.y}px) rotate(${Math.atan2(b.y - a.y, b.x - a.x)}rad)`;
    letters.style.fontSize = `${size}px`;
    letters.style.lineHeight = `${tall}px`;
    letters.style.transform = `scaleX(${wide / natural})`;
    return node;
  }

  async function load() {
    const { id, type } = viewer.slide();
    if (!shown || !id || type !== "image") return draw();
    if (of !== id) {
      lines = [];
      of = "";
      draw();
      try {
        const found = await api.get(`/files/${encodeURIComponent(id)}/text`);
        if (viewer.slide().id !== id || !shown) return undefined;
        lines = found.lines;
        of = id;
      } catch (error) {
        toastError(/** @type {any} */ (error));
        return undefined;
      }
    }
    draw();
    if (!lines.length) toast("No text was found on this photo.");
    else announce(`${plural(lines.length, "line")} of text: ${lines.map(({ text }) => text).join(", ")}`);
    return undefined;
  }

  async function copyAll() {
    const text = lines.map((line) => line.text).join("\n");
    toast((await copyText(text)) ? "Text copied." : text);
  }

  function setShown(/** @type {boolean} */ next) {
    shown = next;
    watcher();
    if (shown) load();
    else draw();
  }

  // Selecting must neither swipe nor zoom nor close.
  pswp.on("pointerDown", (/** @type {any} */ event) => {
    if (event.originalEvent.target?.closest?.(".text-line, .text-bar")) event.preventDefault();
  });
  for (const name of ["click", "dblclick"]) layer.addEventListener(name, (event) => event.stopPropagation());
  bar.addEventListener("click", (event) => event.stopPropagation());
  pswp.on("firstUpdate", () => pswp.scrollWrap.append(layer, bar));
  pswp.on("openingAnimationEnd", () => {
    ready = true;
    draw();
  });
  pswp.on("change", () => {
    lines = [];
    of = "";
    draw();
    load();
  });
  for (const name of ["zoomPanUpdate", "moveMainScroll"]) pswp.on(name, place);
  for (const name of ["viewportSize", "resize", "imageSizeChange"]) pswp.on(name, draw);
  pswp.on("close", () => {
    layer.hidden = true;
    bar.hidden = true;
  });

  return {
    toggle: () => setShown(!shown),
    isShown: () => shown,
    /** Esc hides the text first. @returns {boolean} whether it was shown */
    escape() {
      if (!shown || bar.hidden) return false;
      setShown(false);
      return true;
    },
    /** @param {() => void} handler */
    onToggle(handler) {
      watcher = handler;
    },
  };
}
