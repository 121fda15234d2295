import { size } from "/static/js/lib/format.js";
import { Icon } from "/static/js/lib/icon.js";
import { html, useEffect, useState } from "/static/js/lib/preact.js";
import { isAdmin } from "/static/js/lib/session.js";
import { useStore } from "/static/js/lib/store.js";
import { Pull } from "/static/js/models/pull.js";
import { loadModels, models, pullModel, shortTitle } from "/static/js/models/data.js";

const KEY = "homeroll-meaning-note";

/**
 * Search by meaning is not there: what is missing, and for an admin the way to get it. Hidden until the reason is another one.
 * @param {{ meaning: { available: boolean, hint: string } }} props
 */
export function MeaningNote({ meaning }) {
  const { items } = useStore(models);
  const [hidden, setHidden] = useState(localStorage.getItem(KEY) === meaning.hint);
  const admin = isAdmin();
  useEffect(() => {
    if (admin) loadModels();
  }, []);
  const wanted = items.find(({ task, in_use: used }) => task === "embedding" && used);
  const missing = wanted && !wanted.installed ? wanted : null;
  if (hidden && !missing?.pull) return null;
  const hide = () => {
    localStorage.setItem(KEY, meaning.hint);
    setHidden(true);
  };
  const canGet = missing && missing.fits && missing.can_be_pulled && !missing.missing_requirements.length;
  return html`<section class="meaning-note" aria-label="Search by meaning">
    <${Icon} name="sparkles" />
    <p><strong>Only words were searched.</strong> ${why(meaning.hint, admin, Boolean(missing))}</p>
    ${canGet && !missing.pull && html`<button class="button is-small" type="button" onClick=${() => pullModel(missing)}><${Icon} name="download" size=${16} />Get ${shortTitle(missing)}${missing.size_bytes ? ` · ${size(missing.size_bytes)}` : ""}</button>`}
    ${admin && !canGet && html`<a class="button is-small" href=${missing ? "/models" : "/settings"}>${missing ? "Models" : "Settings"}</a>`}
    ${!missing?.pull && html`<button class="icon-button" type="button" aria-label="Hide this note" onClick=${hide}><${Icon} name="x" size=${16} /></button>`}
    ${missing?.pull && html`<${Pull} model=${missing} />`}
  </section>`;
}

/** The page has a button for what a command line needs a command for. @param {string} hint @param {boolean} admin @param {boolean} missing */
function why(hint, admin, missing) {
  if (!admin) return "Search by meaning is not set up: ask the admin.";
  if (missing) return "To find photos by what they show, Homeroll needs a model once.";
  return hint || "Search by meaning is off.";
}
