// The settings: what does what and when (`/settings`), and the models themselves (`/models`).
import { el } from "/static/js/lib/dom.js";
import { setTitle } from "/static/js/lib/house.js";
import { html, render, useEffect } from "/static/js/lib/preact.js";
import { isAdmin } from "/static/js/lib/session.js";
import { loadModels } from "/static/js/models/data.js";
import { ForAdmins, SettingsHead } from "/static/js/models/head.js";
import { Https } from "/static/js/models/https.js";
import { Models } from "/static/js/models/models.js";
import { loadSettings, Name, NightWindow, Understanding } from "/static/js/models/settings.js";

/** @type {Record<string, [string, string, any][]>} page -> id, heading and content of its sections */
const SECTIONS = {
  settings: [
    ["home", "This Homeroll", Name],
    ["understanding", "Understanding", Understanding],
    ["night", "Night window", NightWindow],
    ["https", "Safe connection", Https],
  ],
  models: [["models", "Models", Models]],
};

/** @param {HTMLElement} holder @param {import("../router.js").Route} route */
export async function openPage(holder, route) {
  const root = el("div", { class: "settings" });
  holder.replaceChildren(root);
  setTitle("Settings");
  if (isAdmin()) await Promise.all([loadModels(), loadSettings()]);
  const show = (/** @type {import("../router.js").Route} */ now) => render(html`<${Settings} name=${now.name} />`, root);
  show(route);
  return {
    destroy() {
      render(null, root);
      root.remove();
    },
  };
}

/** @param {{ name: string }} props "models" or "settings" */
function Settings({ name }) {
  useEffect(() => {
    if (name === "models") setTitle("Models");
  }, [name]);
  if (!isAdmin()) return html`<${ForAdmins} />`;
  return html`
    <${SettingsHead} name=${name} />
    ${SECTIONS[name].map(([id, title, Section]) => html`<section class="settings-section" key=${id} aria-labelledby=${`section-${id}`}><h2 id=${`section-${id}`}>${title}</h2><${Section} /></section>`)}
  `;
}
