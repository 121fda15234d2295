import { toldOf } from "/static/js/lib/api.js";
import { Icon } from "/static/js/lib/icon.js";
import { html } from "/static/js/lib/preact.js";
import { createStore, useStore } from "/static/js/lib/store.js";

const SHOWN_MS = 6000;

/** @type {ReturnType<typeof createStore<{ id: number, text: string, tone: string, action?: { label: string, run: () => void } }[]>>} */
const toasts = createStore(/** @type {any[]} */ ([]));
let next = 1;

/**
 * Say something for a few seconds, with one possible answer.
 * @param {string} text
 * @param {{ tone?: "plain" | "bad", action?: { label: string, run: () => void } } | null | false | ""} [options] nothing: only said
 */
export function toast(text, options) {
  const { tone = "plain", action } = options || {};
  const id = next++;
  toasts.set([...toasts.get().slice(-2), { id, text, tone, action }]);
  setTimeout(() => dismiss(id), action ? SHOWN_MS * 1.5 : SHOWN_MS);
}

/** @param {{ message: string, hint?: string }} error */
export function toastError(error) {
  const { message, hint } = toldOf(error);
  toast([message, hint].filter(Boolean).join(/[.!?]$/.test(message) ? " " : ". "), { tone: "bad" });
}

/** @param {number} id */
function dismiss(id) {
  toasts.set(toasts.get().filter((entry) => entry.id !== id));
}

/** Where they appear. */
export function Toasts() {
  const list = useStore(toasts);
  return html`
    <div class="toasts" role="status" aria-live="polite">
      ${list.map(
        ({ id, text, tone, action }) => html`
          <div class=${`toast is-${tone}`} key=${id}>
            <span>${text}</span>
            ${action && html`<button type="button" onClick=${() => (action.run(), dismiss(id))}>${action.label}</button>`}
            <button type="button" class="toast-close" aria-label="Dismiss" onClick=${() => dismiss(id)}><${Icon} name="x" size=${16} /></button>
          </div>
        `,
      )}
    </div>
  `;
}
