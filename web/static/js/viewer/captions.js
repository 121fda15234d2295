import { api } from "/static/js/lib/api.js";
import { Icon } from "/static/js/lib/icon.js";
import { html, useEffect, useState } from "/static/js/lib/preact.js";
import { isAdmin } from "/static/js/lib/session.js";
import { forgetFile, waitingFor } from "/static/js/viewer/files.js";
import { toastError } from "/static/js/ui/toast.js";

const LOOK_EVERY_MS = 2500; // a caption that failed changes nothing that would be told

/** What to do; a model that is missing is fetched on the page, not on a command line. */
function Help({ hint, onPage }) {
  if (!/homeroll models/.test(hint)) return hint;
  if (!isAdmin()) return "Ask the admin to fetch it.";
  return html`<a href="/models" onClick=${(event) => (event.preventDefault(), event.stopPropagation(), onPage("/models"))}>Fetch it under Models</a>`;
}

/**
 * What models say of the photo, below what a person said; and asking one to.
 * @param {{ file: any, onPage: (path: string) => void }} props
 */
export function Captions({ file, onPage }) {
  const [asked, setAsked] = useState(waitingFor.has(file.id));
  const [written, setWritten] = useState(/** @type {{ source: string, text: string } | null} */ (null));
  const [error, setError] = useState(/** @type {any} */ (null));
  const known = (file.captions ?? []).filter(({ text }) => text);
  const captions = known.length || !written?.text ? known : [written];
  const at = `/files/${encodeURIComponent(file.id)}/caption`;

  /** @param {{ status: string, model: string, text: string, error: string, hint: string }} state */
  function follow(state) {
    if (state.status === "pending") return;
    waitingFor.delete(file.id);
    setAsked(false);
    forgetFile(file.id);
    if (state.status === "failed") setError({ message: state.error || "No caption could be written.", hint: state.hint });
    else setWritten({ source: `model:${state.model}`, text: state.text });
  }
  useEffect(() => {
    if (!asked) return undefined;
    const timer = setInterval(() => api.get(at).then(follow, () => null), LOOK_EVERY_MS); // offline: at the next turn
    return () => clearInterval(timer);
  }, [asked, file.id]);
  const ask = async () => {
    setAsked(true);
    setError(null);
    waitingFor.add(file.id);
    try {
      follow(await api.post(at, {}));
    } catch (problem) {
      waitingFor.delete(file.id);
      setAsked(false);
      if (/** @type {any} */ (problem).hint) setError(problem);
      else toastError(/** @type {any} */ (problem));
    }
  };
  const silent = written && !written.text && !captions.length;
  return html`<div class="info-captions">
    ${captions.map(({ source, text }) => html`<p class="caption" key=${source}><${Icon} name="sparkles" size=${16} /><span>${text}<small>${source.replace(/^model:/, "")}</small></span></p>`)}
    ${silent && html`<p class="caption"><${Icon} name="sparkles" size=${16} /><span>The model found nothing to say.</span></p>`}
    ${!captions.length && !silent && html`<button class="button is-small" type="button" disabled=${asked} onClick=${ask}>${asked ? html`<span class="spinner"></span>Describing…` : html`<${Icon} name="captions" size=${16} />Describe`}</button>`}
    ${error && html`<p class="caption-error" role="alert"><strong>${error.message}</strong> <${Help} hint=${error.hint} onPage=${onPage} /></p>`}
  </div>`;
}
