import { Icon } from "/static/js/lib/icon.js";
import { html, useRef, useState } from "/static/js/lib/preact.js";
import { ErrorNote } from "/static/js/ui/failure.js";

/**
 * A labelled input; passwords can be shown.
 * @param {{ label: string, name: string, type?: string, hint?: string, autocomplete?: string, value?: string, autofocus?: boolean, minlength?: number, spellcheck?: boolean }} props
 */
export function Field({ label, name, type = "text", hint, autocomplete, value = "", autofocus = false, minlength }) {
  const [shown, setShown] = useState(false);
  const secret = type === "password";
  return html`
    <div class="field">
      <label for=${`field-${name}`}>${label}</label>
      <div class="field-box">
        <input
          id=${`field-${name}`}
          name=${name}
          type=${secret && shown ? "text" : type}
          defaultValue=${value}
          autocomplete=${autocomplete}
          autofocus=${autofocus}
          autocapitalize="none"
          spellcheck=${false}
          required
          minlength=${minlength}
          aria-describedby=${hint ? `hint-${name}` : undefined}
        />
        ${secret &&
        html`<button class="field-eye" type="button" aria-pressed=${String(shown)} aria-label=${shown ? `Hide ${label.toLowerCase()}` : `Show ${label.toLowerCase()}`} onClick=${() => setShown(!shown)}>
          <${Icon} name=${shown ? "eye-off" : "eye"} size=${18} />
        </button>`}
      </div>
      ${hint && html`<p class="field-hint" id=${`hint-${name}`}>${hint}</p>`}
    </div>
  `;
}

/**
 * A form that sends its fields and shows what came back.
 * @param {{ action: string, onSend: (values: Record<string, string>) => Promise<void>, children?: unknown, footer?: unknown }} props
 */
export function Form({ action, onSend, children, footer }) {
  const [error, setError] = useState(/** @type {any} */ (null));
  const [busy, setBusy] = useState(false);
  const form = useRef(/** @type {HTMLFormElement | null} */ (null));
  const send = async (/** @type {Event} */ event) => {
    event.preventDefault();
    if (busy || !form.current) return;
    setBusy(true);
    setError(null);
    try {
      await onSend(/** @type {Record<string, string>} */ (Object.fromEntries(new FormData(form.current))));
    } catch (problem) {
      setError(problem);
      setBusy(false);
      /** @type {HTMLInputElement | null} */ (form.current?.querySelector("input[type=password], input"))?.focus();
      return;
    }
    setBusy(false);
  };
  return html`
    <form class="form" ref=${form} onSubmit=${send}>
      ${children}
      <${ErrorNote} error=${error} />
      <button class="button is-primary is-wide" type="submit" disabled=${busy}>${busy && html`<span class="spinner"></span>`}${action}</button>
      ${footer}
    </form>
  `;
}
