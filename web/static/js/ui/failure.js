import { toldOf } from "/static/js/lib/api.js";
import { Icon } from "/static/js/lib/icon.js";
import { html } from "/static/js/lib/preact.js";

/**
 * Something could not be shown: what, why, what to do.
 * @param {{ error: { message: string, hint?: string, code?: string }, onRetry?: () => void, retry?: string }} props
 */
export function Failure({ error: what, onRetry, retry = "Try again" }) {
  const error = toldOf(what);
  return html`
    <div class="notice-page" role="alert">
      <span class="notice-mark"><${Icon} name=${error.code === "offline" ? "wifi-off" : "circle-alert"} size=${32} /></span>
      <h1>${error.message}</h1>
      ${error.hint && html`<p>${error.hint}</p>`}
      ${onRetry && html`<button class="button is-primary" type="button" onClick=${onRetry}>${retry}</button>`}
    </div>
  `;
}

/** One error inside a form or list. @param {{ error: { message: string, hint?: string } | null }} props */
export function ErrorNote({ error }) {
  if (!error) return null;
  return html`
    <div class="error-note" role="alert">
      <${Icon} name="circle-alert" size=${18} />
      <div><strong>${error.message}</strong>${error.hint && html`<span>${error.hint}</span>`}</div>
    </div>
  `;
}
