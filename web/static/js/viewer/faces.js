// Faces drawn on the photo: who they are, saying who they are, drawing one that was missed.
import { announce, el } from "/static/js/lib/dom.js";
import { html, render } from "/static/js/lib/preact.js";
import { onChange } from "/static/js/people/changes.js";
import { createStore } from "/static/js/lib/store.js";
import { toast } from "/static/js/ui/toast.js";
import { fileOf, forgetFile } from "/static/js/viewer/files.js";
import { drawBox } from "/static/js/viewer/draw.js";
import { FaceCard } from "/static/js/viewer/facecard.js";

const KEY = "homeroll-faces";
const CARD_PX = 300;
const SMALL_PX = 56; // a face that is narrower has no room for words

/** Tells the information beside the photo that faces changed. */
export const facesChanged = createStore(0);

/** @param {any} pswp @param {{ slide: () => import("./slides.js").Slide, leaveTo: (path: string) => void }} viewer */
export function createFaces(pswp, viewer) {
  let shown = localStorage.getItem(KEY) === "shown";
  let ready = false;
  /** @type {import("../people/changes.js").Face[]} */
  let faces = [];
  let of = "";
  let watcher = () => {};
  let stopDrawing = () => {};
  const layer = el("div", { class: "faces-layer", role: "group", "aria-label": "People on this photo" });
  const card = el("div", { class: "face-card", role: "dialog", "aria-label": "Who is this?", hidden: true });
  document.getElementById("overlays")?.append(card);

  /** Where the photo is on screen. */
  function frame() {
    const { currSlide: slide } = pswp;
    if (!slide) return null;
    const shift = pswp.mainScroll.x - pswp.mainScroll.getCurrSlideX();
    return { left: slide.pan.x + shift, top: slide.pan.y, width: slide.width * slide.currZoomLevel, height: slide.height * slide.currZoomLevel };
  }

  function place() {
    const box = frame();
    if (!box) return;
    layer.style.transform = `translate(${box.left}px, ${box.top}px)`;
    layer.style.width = `${box.width}px`;
    layer.style.height = `${box.height}px`;
    for (const node of layer.querySelectorAll(".face-mark")) node.classList.toggle("is-small", (parseFloat(/** @type {HTMLElement} */ (node).style.width) / 100) * box.width < SMALL_PX);
  }

  function draw() {
    const { type, id } = viewer.slide();
    layer.hidden = !shown || !ready || type !== "image";
    layer.replaceChildren(...(layer.hidden || of !== id ? [] : faces.filter(({ box }) => box.length).map(mark)));
    place();
  }

  function mark(face) {
    const [left, top, width, height] = face.box;
    const name = face.person?.name ?? "";
    const age = ageText(face.person);
    const words = [name || (face.person?.ignored ? "Stranger" : "Who is this?"), age].filter(Boolean);
    const node = el("button", { class: `face-mark ${name ? "" : "is-open"} ${face.person?.ignored ? "is-stranger" : ""}`, type: "button", "aria-label": words.join(", "), "data-face": face.id }, el("span", { class: "face-name" }, words[0]));
    node.style.left = `${left * 100}%`;
    node.style.top = `${top * 100}%`;
    node.style.width = `${width * 100}%`;
    node.style.height = `${height * 100}%`;
    node.addEventListener("click", (event) => {
      event.stopPropagation();
      openCard(face);
    });
    return node;
  }

  async function load() {
    const { id, type } = viewer.slide();
    if (!id || type !== "image") {
      draw();
      return;
    }
    const file = await fileOf(id).catch(() => null); // the information says why
    if (!file || viewer.slide().id !== id) return;
    faces = file.faces ?? [];
    of = id;
    draw();
  }

  async function reload() {
    forgetFile(viewer.slide().id);
    await load();
    facesChanged.set(facesChanged.get() + 1);
  }

  /** @param {import("../people/changes.js").Face | null} face @param {number[]} [box] of a face just drawn */
  function openCard(face, box) {
    const [left, top, width, height] = face?.box ?? box ?? [0, 0, 0, 0];
    const photo = frame();
    if (!photo) return;
    closeCard(false);
    for (const node of layer.querySelectorAll(".face-mark")) node.classList.toggle("is-chosen", face !== null && /** @type {HTMLElement} */ (node).dataset.face === face.id);
    card.hidden = false;
    if (innerWidth >= 600) {
      const x = photo.left + (left + width / 2) * photo.width - CARD_PX / 2;
      const below = photo.top + (top + height) * photo.height + 38;
      card.style.left = `${Math.max(12, Math.min(pswp.viewportSize.x - CARD_PX - 12, x))}px`;
      render(html`<${FaceCard} key=${face?.id ?? "new"} face=${face} box=${box} file=${of} onClose=${closeCard} onOpen=${viewer.leaveTo} />`, card);
      const tall = card.offsetHeight;
      const over = photo.top + top * photo.height - tall - 12;
      card.style.top = `${Math.max(12, below + tall < innerHeight - 12 ? below : over > 60 ? over : innerHeight - tall - 12)}px`;
      return;
    }
    card.style.left = "";
    card.style.top = "";
    render(html`<${FaceCard} key=${face?.id ?? "new"} face=${face} box=${box} file=${of} onClose=${closeCard} onOpen=${viewer.leaveTo} />`, card);
  }

  function closeCard(focus = true) {
    if (card.hidden) return false;
    const id = /** @type {HTMLElement | null} */ (layer.querySelector(".is-chosen"))?.dataset.face;
    card.hidden = true;
    render(null, card);
    for (const node of layer.querySelectorAll(".is-chosen, .face-new")) node.classList.contains("face-new") ? node.remove() : node.classList.remove("is-chosen");
    if (focus) (/** @type {HTMLElement | null} */ (id ? layer.querySelector(`[data-face="${CSS.escape(id)}"]`) : null) ?? pswp.element)?.focus();
    return true;
  }

  function setShown(/** @type {boolean} */ next) {
    shown = next;
    localStorage.setItem(KEY, shown ? "shown" : "hidden");
    if (!shown) {
      stopDrawing();
      closeCard();
    }
    draw();
    watcher();
    announce(shown ? `${faces.length || "No"} ${faces.length === 1 ? "face" : "faces"} shown` : "Faces not shown");
  }

  /** Draw a box around a face that was missed. */
  function add() {
    if (viewer.slide().type !== "image") return;
    if (!shown) setShown(true);
    closeCard(false);
    stopDrawing();
    stopDrawing = drawBox(layer, (box) => {
      stopDrawing = () => {};
      if (box) openCard(null, box);
    });
  }

  const outside = (/** @type {PointerEvent} */ event) => {
    const target = /** @type {HTMLElement} */ (event.target);
    if (!card.hidden && !target.closest(".face-card, .face-mark, .toasts, dialog")) closeCard(false);
  };
  document.addEventListener("pointerdown", outside, true);
  const stopHearing = onChange(reload);
  pswp.on("firstUpdate", () => pswp.scrollWrap.append(layer));
  pswp.on("openingAnimationEnd", () => {
    ready = true;
    draw();
  });
  pswp.on("change", () => {
    stopDrawing();
    closeCard(false);
    faces = [];
    draw();
    load();
  });
  for (const name of ["zoomPanUpdate", "moveMainScroll", "viewportSize", "resize", "imageSizeChange"]) pswp.on(name, place);
  pswp.on("close", () => {
    layer.hidden = true;
    card.hidden = true;
  });
  pswp.on("destroy", () => {
    document.removeEventListener("pointerdown", outside, true);
    stopHearing();
    stopDrawing();
    render(null, card);
    card.remove();
  });

  return {
    toggle() {
      setShown(!shown);
      if (shown && !faces.length && of === viewer.slide().id) toast("No faces were found on this photo.", { action: { label: "Draw one", run: add } });
    },
    add,
    isShown: () => shown,
    /** Show one face of this photo, as asked for beside it. @param {string} id */
    open(id) {
      const face = faces.find((entry) => entry.id === id);
      if (!face) return;
      if (!face.box.length) {
        toast("This face was cropped away.");
        return;
      }
      if (!shown) setShown(true);
      openCard(face);
    },
    /** Esc closes what is open here first. @returns {boolean} whether something was */
    escape() {
      if (layer.classList.contains("is-drawing")) {
        stopDrawing();
        return true;
      }
      return closeCard();
    },
    place,
    /** @param {() => void} handler */
    onToggle(handler) {
      watcher = handler;
    },
  };
}

/** How old somebody is on a photo: months for small children. @param {{ age_years: number | null, age_months: number | null } | null} person */
export function ageText(person) {
  if (!person || person.age_months === null || person.age_years === null) return "";
  if (person.age_months < 24) return `${person.age_months} ${person.age_months === 1 ? "month" : "months"}`;
  return `${person.age_years} years`;
}
