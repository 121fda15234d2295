import { coverPage } from "/static/js/lib/dom.js";
import { Icon } from "/static/js/lib/icon.js";
import { onMessage } from "/static/js/lib/messages.js";
import { html, useEffect, useLayoutEffect, useRef, useState } from "/static/js/lib/preact.js";
import { createStore, useStore } from "/static/js/lib/store.js";
import { Failure } from "/static/js/ui/failure.js";
import { route } from "/static/js/router.js";

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
  const holder = useRef(/** @type {HTMLElement | null} */ (null));
  const opener = useRef(/** @type {HTMLElement | null} */ (null));
  useEffect(() => route.watch(() => panel.set(null)), []); // a link in it leads somewhere else
  useEffect(() => {
    if (!name) {
      if (root.current === null && opener.current) opener.current.focus({ preventScroll: true });
      opener.current = null;
      return undefined;
    }
    let current = true;
    const load = () =>
      LOADERS[name]().then(
        (Component) => current && setContent({ name, Component }),
        (error) => current && setContent({ name, Component: () => html`<${Failure} error=${error} onRetry=${load} />` }),
      );
    load();
    const deaf = onMessage("reconnected", load);
    root.current?.focus({ preventScroll: true });
    return () => {
      deaf();
      current = false;
    };
  }, [name]);
  // Before what is covered can be reached no more: the focus goes back to where it was.
  useLayoutEffect(() => {
    if (name) opener.current ??= /** @type {HTMLElement} */ (document.activeElement);
    if (root.current) holder.current = root.current.parentElement;
    if (holder.current) coverPage(Boolean(name), holder.current); // at once: who closes it goes on with the page
  }, [name]);
  if (!name) return null;
  return html`
    <div class="panel-veil" onClick=${() => panel.set(null)}></div>
    <aside class="panel" ref=${root} tabindex="-1" role="dialog" aria-modal="true" aria-label=${TITLES[name]} onKeyDown=${(event) => event.key === "Escape" && panel.set(null)}>
      <header class="panel-head">
        <h2>${TITLES[name]}</h2>
        <button class="icon-button" type="button" aria-label=${`Close ${TITLES[name].toLowerCase()}`} onClick=${() => panel.set(null)}><${Icon} name="x" /></button>
      </header>
      <div class="panel-body">${content?.name === name ? html`<${content.Component} />` : html`<div class="panel-wait"><span class="spinner"></span></div>`}</div>
    </aside>
  `;
}
