// The bar that stands over the page while photos are chosen: how many, and what can be done with them.
import { api } from "/static/js/lib/api.js";
import { isTyping } from "/static/js/lib/dom.js";
import { count, plural } from "/static/js/lib/format.js";
import { Icon } from "/static/js/lib/icon.js";
import { onMessage } from "/static/js/lib/messages.js";
import { html, render, useEffect, useRef, useState } from "/static/js/lib/preact.js";
import { useStore } from "/static/js/lib/store.js";
import { route } from "/static/js/router.js";
import { ACTIONS } from "/static/js/select/actions.js";
import { chosen, clearChosen } from "/static/js/timeline/chosen.js";
import { FAVOURITE } from "/static/js/timeline/flags.js";
import { renewStandIns } from "/static/js/timeline/tile.js";
import { toast, toastError } from "/static/js/ui/toast.js";

/** @typedef {{ view: import("../timeline/view.js").TimelineView, onChanged: () => void, actions?: import("./actions.js").Action[] }} Host actions: instead of the usual ones */

const root = document.createElement("div");
/** @type {Host | null} */
let host = null;
const SLOW = 500; // so many files take long enough to say how far it is

/** Show the bar, or bring it up to date. @param {Host} now */
export function openBar(now) {
  host = now;
  if (!root.isConnected) document.getElementById("overlays")?.append(root);
  render(html`<${Bar} />`, root); // each page has actions of its own
}

route.watch(clearChosen);
addEventListener("keydown", (event) => {
  if (event.key !== "Escape" || !chosen.get().size || isTyping(event) || document.querySelector(".pswp, dialog[open], .choice-more")) return;
  event.preventDefault();
  event.stopImmediatePropagation();
  clearChosen();
});
chosen.watch((ids) => document.documentElement.classList.toggle("is-choosing", ids.size > 0));

/** @param {ReadonlySet<string>} ids */
function areFavourites(ids) {
  let seen = 0;
  for (const { columns } of host?.view.months.list ?? []) {
    for (const [i, id] of columns?.ids.entries() ?? []) {
      if (!ids.has(id)) continue;
      if (!(columns.flags[i] & FAVOURITE)) return false;
      seen += 1;
    }
  }
  return seen > 0;
}

function Bar() {
  const ids = useStore(chosen);
  const [busy, setBusy] = useState("");
  const [more, setMore] = useState(false);
  const menu = useRef(/** @type {HTMLElement | null} */ (null));
  useEffect(() => onMessage("EditProgress", ({ done, total }) => setBusy((old) => (old ? `${count(done)} of ${count(total)}` : old))), []);
  useEffect(() => {
    if (!more) return undefined;
    /** @type {HTMLElement | null | undefined} */ (menu.current?.querySelector("button"))?.focus();
    const outside = (/** @type {Event} */ event) => {
      const at = /** @type {Element} */ (event.target);
      if (!menu.current?.contains(at) && !at.closest(".is-more")) setMore(false); // its button closes it, too
    };
    document.addEventListener("pointerdown", outside);
    return () => document.removeEventListener("pointerdown", outside);
  }, [more]);
  if (!ids.size) return null;

  /** @param {string | ((answer: any) => string)} words @param {() => Promise<any>} run */
  async function say(words, run) {
    const now = host;
    setBusy(ids.size > SLOW ? "One moment" : " ");
    try {
      const answer = await run();
      const entry = answer?.undo;
      clearChosen();
      toast(answer?.changed === 0 ? "Nothing to change." : typeof words === "string" ? words : words(answer), entry && { action: { label: "Undo", run: () => undo(entry, now) } });
      now?.onChanged();
      return true;
    } catch (error) {
      toastError(/** @type {any} */ (error));
      return false;
    } finally {
      setBusy("");
    }
  }
  const keys = (/** @type {KeyboardEvent} */ event) => {
    const items = /** @type {HTMLElement[]} */ ([...(menu.current?.querySelectorAll("button") ?? [])]);
    const at = items.indexOf(/** @type {HTMLElement} */ (document.activeElement));
    if (event.key === "Escape") {
      setMore(false);
      /** @type {HTMLElement | null} */ (root.querySelector(".is-more"))?.focus();
    } else if (event.key === "ArrowDown" || event.key === "ArrowUp") items.at((at + (event.key === "ArrowDown" ? 1 : -1)) % items.length)?.focus();
    else if (event.key === "Home" || event.key === "End") items.at(event.key === "Home" ? 0 : -1)?.focus();
    else return;
    event.preventDefault();
    event.stopPropagation();
  };
  const left = (/** @type {FocusEvent} */ event) => {
    const to = /** @type {Element | null} */ (event.relatedTarget);
    if (to && !menu.current?.contains(to) && !to.closest(".is-more")) setMore(false);
  };
  const start = (/** @type {import("./actions.js").Action} */ action) => () => {
    setMore(false);
    action.run({ ids: [...ids], allFavourite: areFavourites(ids), say });
  };
  const actions = host?.actions ?? ACTIONS;
  const few = actions.length <= 4;
  const button = (/** @type {import("./actions.js").Action} */ action) => html`<button
    type="button"
    key=${action.name}
    class=${`choice-action ${few || action.main ? "is-main" : ""}`}
    title=${action.label}
    aria-label=${action.label}
    disabled=${Boolean(busy)}
    onClick=${start(action)}
  >
    <${Icon} name=${action.icon} size=${22} /><span aria-hidden="true">${action.label}</span>
  </button>`;
  return html`
    <section class="choice-bar" aria-label="Chosen photos">
      <div class="choice-head">
        <button class="icon-button" type="button" aria-label="Choose none" title="Choose none (Esc)" onClick=${clearChosen}><${Icon} name="x" /></button>
        <strong role="status">${plural(ids.size, "photo")} chosen</strong>
        ${busy && html`<span class="choice-busy"><span class="spinner"></span>${busy}</span>`}
      </div>
      <div class="choice-actions">
        ${actions.map(button)}
        ${!few &&
        html`<button class="choice-action is-main is-more" type="button" aria-haspopup="menu" aria-expanded=${String(more)} aria-label="More" onClick=${() => setMore(!more)}>
          <${Icon} name="ellipsis" size=${22} /><span aria-hidden="true">More</span>
        </button>`}
      </div>
      ${more &&
      html`<div class="choice-more" ref=${menu} role="menu" onKeyDown=${keys} onfocusout=${left}>
        ${actions.filter(({ main }) => !main).map((action) => html`<button type="button" role="menuitem" key=${action.name} onClick=${start(action)}><${Icon} name=${action.icon} />${action.label}</button>`)}
      </div>`}
    </section>
  `;
}

/** @param {string} entry of the journal @param {Host | null} now */
async function undo(entry, now) {
  try {
    await api.post(`/journal/${entry}/undo`);
    renewStandIns();
    toast("As it was before.");
    now?.onChanged();
  } catch (error) {
    toastError(/** @type {any} */ (error));
  }
}
