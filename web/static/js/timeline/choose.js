// Choosing photos in a grid: the round mark, holding a finger on a photo, Shift with a click or the arrows, and x.
import { announce } from "/static/js/lib/dom.js";
import { plural } from "/static/js/lib/format.js";
import { chosen, clearChosen, isChoosing, isChosen, setChosen } from "/static/js/timeline/chosen.js";
import { toastError } from "/static/js/ui/toast.js";

const HOLD_MS = 420;
const MOVED_PX = 10;
const MARK_PX = 44; // how far from its corner a photo's mark is hit

/**
 * @param {import("./view.js").TimelineView} view
 * @param {{ onChanged: () => void, actions?: import("../select/actions.js").Action[] }} host onChanged: what was done to the chosen ones is done
 * @returns {{ destroy: () => void }}
 */
export function addChoosing(view, { onChanged, actions }) {
  let anchor = -1;
  let extending = false;
  let held = false;
  let timer = 0;
  let from = { x: 0, y: 0 };
  const ended = new AbortController();
  const { signal } = ended;
  const tileOf = (/** @type {Event} */ event) => /** @type {any} */ (/** @type {HTMLElement} */ (event.target).closest?.("a.tile"))?.tile;

  function toggle(tile) {
    anchor = tile.index;
    setChosen([tile.id], !isChosen(tile.id));
    openBar({ view, onChanged, actions });
    announce(`${plural(chosen.get().size, "photo")} chosen`);
  }

  /** From the last one that was touched to this one. @param {number} to */
  async function extend(to) {
    if (anchor < 0) anchor = to;
    setChosen(await idsBetween(view.months, Math.min(anchor, to), Math.max(anchor, to)), true);
    openBar({ view, onChanged, actions });
    announce(`${plural(chosen.get().size, "photo")} chosen`);
  }

  const onClick = (/** @type {MouseEvent} */ event) => {
    const tile = tileOf(event);
    if (!tile || event.button !== 0 || event.ctrlKey || event.metaKey || event.altKey) return;
    if (held) held = false;
    else if (event.shiftKey) extend(tile.index);
    else if (isChoosing() || hitsMark(event, tile.root)) toggle(tile);
    else return;
    event.preventDefault();
    event.stopPropagation();
  };
  view.root.addEventListener("click", onClick, { capture: true, signal });

  view.root.addEventListener(
    "pointerdown",
    (event) => {
      clearTimeout(timer);
      held = false;
      const tile = tileOf(event);
      if (!tile || event.pointerType === "mouse") return;
      from = { x: event.clientX, y: event.clientY };
      const { id } = tile;
      timer = setTimeout(() => {
        if (tile.id !== id) return;
        held = true;
        navigator.vibrate?.(12);
        toggle(tile);
      }, HOLD_MS);
    },
    { signal },
  );
  const moved = (/** @type {PointerEvent} */ event) => Math.hypot(event.clientX - from.x, event.clientY - from.y) > MOVED_PX && clearTimeout(timer);
  view.root.addEventListener("pointermove", moved, { signal, passive: true });
  for (const name of ["pointerup", "pointercancel"]) view.root.addEventListener(name, () => clearTimeout(timer), { signal });
  view.root.addEventListener("contextmenu", (event) => (held || isTouch(event)) && tileOf(event) && event.preventDefault(), { signal });

  view.root.addEventListener(
    "keydown",
    (event) => {
      const tile = /** @type {any} */ (event.target).tile;
      extending = Boolean(tile && event.shiftKey && /^(Arrow|Home|End)/.test(event.key));
      if (extending && anchor < 0) anchor = tile.index;
      if (!tile || event.ctrlKey || event.metaKey || event.altKey) return;
      if (event.key !== "x" && !(event.key === "Enter" && isChoosing())) return;
      event.preventDefault();
      event.stopPropagation();
      toggle(tile);
    },
    { capture: true, signal },
  );
  view.root.addEventListener(
    "focusin",
    (event) => {
      const tile = /** @type {any} */ (event.target).tile;
      if (extending && tile) extend(tile.index);
      extending = false;
    },
    { signal },
  );
  const stop = chosen.watch((ids) => {
    if (!ids.size) anchor = -1;
    view.root.classList.toggle("is-choosing", ids.size > 0);
    for (const tile of view.drawn()) tile.choose();
  });
  return {
    destroy() {
      clearTimeout(timer);
      ended.abort();
      stop();
      clearChosen();
    },
  };
}

const isTouch = (/** @type {Event} */ event) => /** @type {any} */ (event).pointerType === "touch" || /** @type {any} */ (event).pointerType === "pen";

/** The mark stands in the first corner, where a mouse shows it. @param {MouseEvent} event @param {HTMLElement} root */
function hitsMark(event, root) {
  if (/** @type {any} */ (event).pointerType !== "mouse" || !matchMedia("(hover: hover)").matches) return false;
  const box = root.getBoundingClientRect();
  return event.clientX - box.left < MARK_PX && event.clientY - box.top < MARK_PX;
}

/** @param {import("./months.js").Months} months @param {number} first @param {number} last @returns {Promise<string[]>} */
async function idsBetween(months, first, last) {
  const ids = [];
  for (const month of [...months.list]) {
    if (month.before + month.count <= first || month.before > last) continue;
    if (!month.columns) await months.load(month);
    ids.push(...(month.columns?.ids.slice(Math.max(0, first - month.before), last + 1 - month.before) ?? []));
  }
  return ids;
}

/** @param {{ view: import("./view.js").TimelineView, onChanged: () => void }} host */
async function openBar(host) {
  await import("/static/js/select/bar.js").then((bar) => bar.openBar(host), toastError);
}
