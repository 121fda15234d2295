// Where the information stands: a column that pushes the photo aside, or a sheet over it on phones.
import { el } from "/static/js/lib/dom.js";
import { html, render } from "/static/js/lib/preact.js";
import { fileOf, filesChanged } from "/static/js/viewer/files.js";
import { facesChanged } from "/static/js/viewer/faces.js";
import { Info } from "/static/js/viewer/info.js";

const WIDTH = 360;
const SHEET = 0.6; // of the screen's height, as in viewer.css
const KEY = "homeroll-info";

/**
 * @param {any} pswp @param {() => import("./slides.js").Slide} current
 * @param {{ onFace: (id: string) => void, onPerson: (path: string) => void, onAdd: () => void }} people what its people chips do; onPerson goes to any page
 */
export function createInfoColumn(pswp, current, people) {
  const isWide = () => innerWidth >= 900;
  let open = isWide() && localStorage.getItem(KEY) === "open";
  let watcher = () => {};
  const root = el("aside", { class: "info", "aria-label": "Information", hidden: true });
  document.getElementById("overlays")?.append(root);

  const draw = (/** @type {any} */ file, /** @type {any} */ error) => render(html`<${Info} file=${file} error=${error} people=${people} onClose=${toggle} />`, root);

  async function show() {
    root.hidden = !open;
    document.documentElement.classList.toggle("info-open", open);
    if (!open) return;
    const { id } = current();
    if (!id) return;
    const slow = setTimeout(() => draw(null, null), 150);
    try {
      const file = await fileOf(id);
      if (current().id === id) draw(file, null);
    } catch (error) {
      if (current().id === id) draw(null, error);
    } finally {
      clearTimeout(slow);
    }
  }

  function toggle() {
    open = !open;
    if (isWide()) localStorage.setItem(KEY, open ? "open" : "closed");
    show();
    pswp.updateSize(true);
    watcher();
    if (!open) pswp.element?.focus();
  }

  const stops = [facesChanged.watch(() => open && show()), filesChanged.watch((ids) => open && ids.includes(current().id) && !root.contains(document.activeElement?.closest("input, textarea") ?? null) && show())];
  return {
    show,
    toggle,
    isOpen: () => open,
    /** px that the photo gives up */
    width: () => (open && isWide() ? WIDTH : 0),
    height: () => (open && !isWide() ? Math.round(innerHeight * SHEET) : 0),
    /** @param {() => void} handler */
    onToggle(handler) {
      watcher = handler;
    },
    hide() {
      root.hidden = true;
      document.documentElement.classList.remove("info-open");
    },
    destroy() {
      for (const stop of stops) stop();
      render(null, root);
      root.remove();
    },
  };
}
