import { size } from "/static/js/lib/format.js";
import { Icon } from "/static/js/lib/icon.js";
import { html, useEffect } from "/static/js/lib/preact.js";
import { isAdmin } from "/static/js/lib/session.js";
import { useStore } from "/static/js/lib/store.js";
import { Pull } from "/static/js/models/pull.js";
import { loadModels, models, pullModel } from "/static/js/models/data.js";

/**
 * Search by meaning is not there: what is missing, and for an admin the way to get it.
 * @param {{ meaning: { available: boolean, hint: string } }} props
 */
export function MeaningNote({ meaning }) {
  const { items } = useStore(models);
  const admin = isAdmin();
  useEffect(() => {
    if (admin) loadModels();
  }, []);
  const wanted = items.find(({ task, in_use: used }) => task === "embedding" && used);
  const missing = wanted && !wanted.installed ? wanted : null;
  return html`<section class="meaning-note" aria-label="Search by meaning">
    <${Icon} name="sparkles" />
    <div>
      <p><strong>Only words were searched.</strong> ${admin ? meaning.hint || "Search by meaning is off." : "Search by meaning is not set up: ask the admin."}</p>
      ${missing?.pull && html`<${Pull} model=${missing} />`}
    </div>
    ${missing && !missing.pull && missing.fits && html`<button class="button is-small" type="button" onClick=${() => pullModel(missing)}><${Icon} name="download" size=${16} />Get ${missing.title || missing.name}${missing.size_bytes ? ` · ${size(missing.size_bytes)}` : ""}</button>`}
    ${admin && (!missing || !missing.fits) && html`<a class="button is-small" href="/models">Models</a>`}
  </section>`;
}
