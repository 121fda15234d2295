import { Icon } from "/static/js/lib/icon.js";
import { html, useEffect, useLayoutEffect, useRef, useState } from "/static/js/lib/preact.js";

const EDGE_PX = 8;

/**
 * A button that opens a list of actions.
 * @param {{ label: string, items: { icon: string, text: string, run: () => void }[] }} props
 */
export function More({ label, items }) {
  const [open, setOpen] = useState(false);
  const root = useRef(/** @type {HTMLElement | null} */ (null));
  // Whatever edge of the page the button stands at, the list stays on it.
  useLayoutEffect(() => {
    const list = /** @type {HTMLElement | null | undefined} */ (root.current?.querySelector(".menu-list"));
    if (!list) return;
    const { left, right } = list.getBoundingClientRect();
    const most = document.documentElement.clientWidth - EDGE_PX;
    list.style.translate = `${Math.max(EDGE_PX - left, 0) || Math.min(most - right, 0)}px 0`;
  }, [open]);
  useEffect(() => {
    if (!open) return undefined;
    const outside = (/** @type {Event} */ event) => {
      if (!root.current?.contains(/** @type {Node} */ (event.target))) setOpen(false);
    };
    document.addEventListener("pointerdown", outside);
    /** @type {HTMLElement | null | undefined} */ (root.current?.querySelector("[role=menuitem]"))?.focus();
    return () => document.removeEventListener("pointerdown", outside);
  }, [open]);
  const close = () => {
    setOpen(false);
    root.current?.querySelector("button")?.focus({ preventScroll: true });
  };
  const key = (/** @type {KeyboardEvent} */ event) => {
    if (!open) return;
    event.stopPropagation();
    if (event.key === "Escape") close();
    if (event.key !== "ArrowDown" && event.key !== "ArrowUp") return;
    const entries = /** @type {HTMLElement[]} */ ([...(root.current?.querySelectorAll("[role=menuitem]") ?? [])]);
    const at = entries.indexOf(/** @type {HTMLElement} */ (document.activeElement));
    entries.at((at + (event.key === "ArrowDown" ? 1 : -1)) % entries.length)?.focus();
    event.preventDefault();
  };
  return html`<div class="menu more" ref=${root} onKeyDown=${key}>
    <button class="icon-button" type="button" aria-haspopup="menu" aria-expanded=${String(open)} aria-label=${label} title=${label} onClick=${() => setOpen(!open)}><${Icon} name="ellipsis" /></button>
    ${open &&
    html`<div class="menu-list" role="menu">
      ${items.map(({ icon, text, run }) => html`<button type="button" role="menuitem" key=${text} onClick=${() => (close(), run())}><${Icon} name=${icon} size=${18} />${text}</button>`)}
    </div>`}
  </div>`;
}
