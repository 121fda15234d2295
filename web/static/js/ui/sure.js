import { html } from "/static/js/lib/preact.js";
import { showDialog } from "/static/js/ui/dialog.js";

/**
 * Ask before something is done that has no way back, or more to it than it seems.
 * @param {string} title the question
 * @param {string} text what it means
 * @param {string} action what the button says that does it
 * @returns {Promise<boolean>} false however else the question went away
 */
export function sure(title, text, action) {
  return new Promise((resolve) => {
    let said = false;
    const close = showDialog(
      title,
      html`<p class="dialog-lead">${text}</p>
        <div class="dialog-actions">
          <button class="button" type="button" onClick=${() => close()}>Cancel</button>
          <button class="button is-primary" type="button" autofocus onClick=${() => ((said = true), close())}>${action}</button>
        </div>`,
      () => resolve(said),
    );
  });
}
