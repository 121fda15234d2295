import { Icon } from "/static/js/lib/icon.js";
import { html, render } from "/static/js/lib/preact.js";

/**
 * Show something in a modal dialog, above everything.
 * @param {string} title
 * @param {unknown} content Preact element
 * @param {() => void} [onClose] however it was closed
 * @returns {() => void} closes it
 */
export function showDialog(title, content, onClose) {
  const dialog = document.createElement("dialog");
  dialog.className = "dialog";
  dialog.setAttribute("aria-label", title);
  document.getElementById("overlays")?.append(dialog);
  const close = () => dialog.close();
  dialog.addEventListener("close", () => {
    render(null, dialog);
    dialog.remove();
    onClose?.();
  });
  dialog.addEventListener("click", (event) => {
    if (event.target === dialog) close();
  });
  // The viewer listens on the document: keys pressed here are not meant for it.
  dialog.addEventListener("keydown", (event) => event.stopPropagation());
  render(
    html`
      <div class="dialog-card">
        <header><h2>${title}</h2><button class="icon-button" type="button" aria-label="Close" onClick=${close}><${Icon} name="x" /></button></header>
        ${content}
      </div>
    `,
    dialog,
  );
  dialog.showModal();
  return close;
}
