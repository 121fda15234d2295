import { api } from "/static/js/lib/api.js";
import { Icon } from "/static/js/lib/icon.js";
import { html, useEffect, useState } from "/static/js/lib/preact.js";
import { toastError } from "/static/js/ui/toast.js";
import { waitingFor } from "/static/js/viewer/files.js";

/**
 * What models say of the photo, below what a person said; and asking one to.
 * @param {{ file: any }} props
 */
export function Captions({ file }) {
  const captions = (file.captions ?? []).filter(({ text }) => text);
  const [asked, setAsked] = useState(waitingFor.has(file.id));
  const [error, setError] = useState(/** @type {any} */ (null));
  useEffect(() => {
    if (captions.length) {
      waitingFor.delete(file.id);
      setAsked(false);
    }
  }, [file]);
  const ask = async () => {
    setAsked(true);
    setError(null);
    waitingFor.add(file.id);
    try {
      await api.post(`/files/${encodeURIComponent(file.id)}/caption`, {});
    } catch (problem) {
      waitingFor.delete(file.id);
      setAsked(false);
      if (/** @type {any} */ (problem).hint) setError(problem);
      else toastError(/** @type {any} */ (problem));
    }
  };
  return html`<div class="info-captions">
    ${captions.map(({ source, text }) => html`<p class="caption" key=${source}><${Icon} name="sparkles" size=${16} /><span>${text}<small>${source.replace(/^model:/, "")}</small></span></p>`)}
    ${!captions.length && html`<button class="button is-small" type="button" disabled=${asked} onClick=${ask}>${asked ? html`<span class="spinner"></span>Describing…` : html`<${Icon} name="captions" size=${16} />Describe`}</button>`}
    ${error && html`<p class="caption-error" role="alert"><strong>${error.message}</strong> ${error.hint}</p>`}
  </div>`;
}
