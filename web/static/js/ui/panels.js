import { Icon } from "/static/js/lib/icon.js";
import { html, useEffect, useRef, useState } from "/static/js/lib/preact.js";
import { createStore, useStore } from "/static/js/lib/store.js";

const LOADERS = {
  activity: async () => (await import("/static/js/activity/panel.js")).ActivityPanel,
  upload: async () => (await import("/static/js/upload/panel.js")).UploadPanel,
};
const TITLES = { activity: "Activity", upload: "Upload" };

/** Which panel stands open at the right edge. */
export const panel = createStore(/** @type {"activity" | "upload" | null} */ (null));

/** @param {"activity" | "upload"} name @param {boolean} [open] */
export function togglePanel(name, open = panel.get() !== name) {
  panel.set(open ? name : null);
}

/** The open panel: a sheet over the page on phones, a column beside the photos on desktops. */
export function Panels() {
  const name = useStore(panel);
  const [content, setContent] = useState(/** @type {{ name: string, Component: any } | null} */ (null));
  const root = useRef(/** @type {HTMLElement | null} */ (null));
  const opener = useRef(/** @type {HTMLElement | null} */ (null));
  useEffect(() => {
    if (!name) {
      if (root.current === null && opener.current) opener.current.focus({ preventScroll: true });
      opener.current = null;
      return undefined;
    }
    opener.current ??= /** @type {HTMLElement} */ (document.activeElement);
    let current = true;
    LOADERS[name]().then((Component) => current && setContent({ name, Component }));
    root.current?.focus({ preventScroll: true });
    return () => {
      current = false;
    };
  }, [name]);
  if (!name) return null;
  return html`
    <div class="panel-veil" onClick=${() => panel.set(null)}></div>
    <aside class="panel" ref=${root} tabindex="-1" role="dialog" aria-label=${TITLES[name]} onKeyDown=${(event) => event.key === "Escape" && panel.set(null)}>
      <header class="panel-head">
        <h2>${TITLES[name]}</h2>
        <button class="icon-button" type="button" aria-label=${`Close ${TITLES[name].toLowerCase()}`} onClick=${() => panel.set(null)}><${Icon} name="x" /></button>
      </header>
      <div class="panel-body">${content?.name === name ? html`<${content.Component} />` : html`<div class="panel-wait"><span class="spinner"></span></div>`}</div>
    </aside>
  `;
}
