// Why a photo was found: shown beside it on hover, on focus by key, and while a finger rests on it.
import { el } from "/static/js/lib/dom.js";
import { iconNode } from "/static/js/lib/icon.js";
import { reasonWords } from "/static/js/search/columns.js";

const HOVER_MS = 400;
const HOLD_MS = 450;
const MOVED_PX = 10;

/** @param {import("../timeline/view.js").TimelineView} view */
export function addReasons(view) {
  const card = el("div", { class: "why-card", role: "tooltip", id: "why-card", hidden: true });
  document.getElementById("overlays")?.append(card);
  let timer = 0;
  let held = false;
  let from = { x: 0, y: 0 };
  const ended = new AbortController();
  const { signal } = ended;

  const tileOf = (/** @type {Event} */ event) => /** @type {any} */ (/** @type {HTMLElement} */ (event.target).closest?.("a.tile"))?.tile;
  const hide = () => {
    clearTimeout(timer);
    card.hidden = true;
  };
  const soon = (/** @type {any} */ tile, /** @type {number} */ ms) => {
    hide();
    timer = setTimeout(() => show(tile), ms);
  };

  function show(tile) {
    const found = view.months.locate(tile.index);
    const why = /** @type {any} */ (found?.month.columns)?.why?.[found.i] ?? [];
    if (!why.length || !tile.root.isConnected) return;
    card.replaceChildren(el("p", {}, "Found by"), el("ul", {}, ...why.map(line)));
    card.hidden = false;
    const box = tile.root.getBoundingClientRect();
    const left = Math.min(innerWidth - card.offsetWidth - 8, Math.max(8, box.left + box.width / 2 - card.offsetWidth / 2));
    const below = box.bottom + 8;
    card.style.left = `${left}px`;
    card.style.top = `${below + card.offsetHeight < innerHeight - 8 ? below : Math.max(8, box.top - card.offsetHeight - 8)}px`;
  }

  view.root.addEventListener("pointerover", (event) => {
    const tile = tileOf(event);
    if (event.pointerType === "mouse" && tile && !event.buttons) soon(tile, card.hidden ? HOVER_MS : 60);
  });
  view.root.addEventListener("pointerout", (event) => event.pointerType === "mouse" && hide());
  view.root.addEventListener("focusin", (event) => {
    const tile = tileOf(event);
    if (tile && /** @type {HTMLElement} */ (event.target).matches(":focus-visible")) soon(tile, HOVER_MS);
  });
  view.root.addEventListener("focusout", hide);
  view.root.addEventListener("pointerdown", (event) => {
    const tile = tileOf(event);
    held = false;
    if (event.pointerType === "mouse" || !tile) return hide();
    from = { x: event.clientX, y: event.clientY };
    hide();
    timer = setTimeout(() => {
      held = true;
      show(tile);
    }, HOLD_MS);
    return undefined;
  });
  view.root.addEventListener("pointermove", (event) => {
    if (event.pointerType !== "mouse" && Math.hypot(event.clientX - from.x, event.clientY - from.y) > MOVED_PX) hide();
  });
  for (const name of ["pointerup", "pointercancel"]) view.root.addEventListener(name, () => !held && clearTimeout(timer));
  // A finger that rested on a photo asked why, not to open it; the browser's own menu would cover the answer.
  view.root.addEventListener("click", (event) => held && (event.preventDefault(), (held = false)), true);
  view.root.addEventListener("contextmenu", (event) => /** @type {PointerEvent} */ (event).pointerType === "touch" && event.preventDefault());
  addEventListener("scroll", hide, { passive: true, signal });
  addEventListener("keydown", (event) => event.key === "Escape" && hide(), { signal });
  document.addEventListener("pointerdown", (event) => !view.root.contains(/** @type {Node} */ (event.target)) && hide(), { signal });
  return {
    destroy() {
      hide();
      ended.abort();
      card.remove();
    },
  };
}

/** @param {import("./columns.js").Reason} reason */
function line(reason) {
  const { icon, label, text } = reasonWords(reason);
  return el("li", {}, iconNode(icon, 16), el("span", {}, el("strong", {}, text || label), ...(text ? [el("span", {}, label)] : [])));
}
