import { size } from "/static/js/lib/format.js";
import { Icon } from "/static/js/lib/icon.js";
import { html, useState } from "/static/js/lib/preact.js";
import { useStore } from "/static/js/lib/store.js";
import { addModel, pullModel, removeModel, shortTitle, splitTitle, verifyModel } from "/static/js/models/data.js";
import { choose, settings as siteSettings, titleOf } from "/static/js/models/settings.js";
import { Pull } from "/static/js/models/pull.js";
import { Field, Form } from "/static/js/auth/form.js";
import { More } from "/static/js/people/more.js";
import { showDialog } from "/static/js/ui/dialog.js";
import { sure } from "/static/js/ui/sure.js";
import { toast } from "/static/js/ui/toast.js";

/** One model: what it does, what it costs, whether it is here, and what can be done. @param {{ model: import("./data.js").Model }} props */
export function ModelCard({ model }) {
  const settings = useStore(siteSettings);
  const [busy, setBusy] = useState(false);
  const [name, what] = splitTitle(model);
  const verify = async () => {
    setBusy(true);
    await verifyModel(model);
    setBusy(false);
  };
  const free = settings.items.filter(({ choices, value }) => model.installed && choices.includes(model.name) && value !== model.name);
  const items = [
    ...free.map((setting) => ({ icon: "check", text: `Use for ${titleOf(setting.name).toLowerCase()}`, run: () => choose(setting.name, model.name) })),
    ...(model.installed && model.needs_download ? [{ icon: "shield-check", text: "Check its files", run: verify }] : []),
    ...(model.needs_download && !model.installed ? [{ icon: "folder", text: "Take from a folder…", run: () => askFolder(model) }] : []),
    ...(model.needs_download && (model.installed || model.pull) ? [{ icon: "trash-2", text: model.installed ? "Remove" : "Forget what was fetched", run: () => askRemove(model) }] : []),
  ];
  const facts = [
    model.size_bytes ? size(model.size_bytes) : !model.needs_download ? "Came with Homeroll" : model.installed ? "" : "Size known after the first fetch",
    model.memory_mb ? `${model.memory_mb < 1000 ? `${model.memory_mb} MB` : size(model.memory_mb * 1_000_000)} memory` : "",
    model.licence,
  ];
  return html`<li class=${`model ${model.in_use ? "is-used" : ""}`} data-model=${model.name}>
    <div class="model-text">
      <h3>${name}${model.in_use && html`<span class=${`badge ${model.installed ? "is-used" : ""}`}>${model.installed ? "In use" : "Chosen"}</span>`}${model.installed && !model.in_use && html`<span class="badge">Here</span>`}</h3>
      ${what && html`<p class="model-what">${what.charAt(0).toUpperCase() + what.slice(1)}</p>`}
      <p class="model-facts">${facts.filter(Boolean).map((fact, i) => html`${i > 0 && " · "}<span>${fact}</span>`)}</p>
      <${Hindrances} model=${model} />
    </div>
    <div class="model-actions">
      ${busy && html`<span class="spinner" role="status" aria-label="Checking its files"></span>`}
      ${model.needs_download && !model.installed && !model.pull && html`<${Get} model=${model} />`}
      ${items.length > 0 && html`<${More} label=${`More for ${name}`} items=${items} />`}
    </div>
    ${model.pull && html`<${Pull} model=${model} />`}
  </li>`;
}

/** @param {{ model: import("./data.js").Model }} props */
function Get({ model }) {
  const label = `Get ${shortTitle(model)}`;
  if (!model.can_be_pulled) return html`<button class="button is-small" type="button" onClick=${() => askFolder(model)}><${Icon} name="folder" size=${16} />Add from a folder</button>`;
  if (model.missing_requirements.length) return null;
  return html`<button class=${`button is-small ${model.in_use && model.fits ? "is-primary" : ""}`} type="button" aria-label=${label} onClick=${() => (model.fits ? pullModel(model) : askForce(model))}><${Icon} name="download" size=${16} />${model.fits ? "Get" : "Get anyway…"}</button>`;
}

/** Why it cannot run, or not now. @param {{ model: import("./data.js").Model }} props */
function Hindrances({ model }) {
  const missing = model.missing_requirements;
  return html`
    ${model.in_use && !model.installed && !model.pull && html`<p class="model-hint is-warn"><${Icon} name="triangle-alert" size=${16} /><span>Chosen, but not here yet: what it does waits.</span></p>`}
    ${!model.fits && model.fits_hint && html`<p class="model-hint is-warn"><${Icon} name="cpu" size=${16} /><span>${model.fits_hint}</span></p>`}
    ${missing.length > 0 && html`<p class="model-hint"><${Icon} name="package" size=${16} /><span>Needs ${missing.map((extra) => html`<code key=${extra}>homeroll[${extra}]</code>`)} on the machine that Homeroll runs on.</span></p>`}
    ${model.converted && !model.installed && html`<p class="model-hint"><${Icon} name="info" size=${16} /><span>${sentence(model.converted)}</span></p>`}
  `;
}

/** As a sentence, unless it begins with the name of a file. @param {string} text */
const sentence = (text) => `${/^\S+\.\S/.test(text) ? text.charAt(0) : text.charAt(0).toUpperCase()}${text.slice(1)}${/[.!?]$/.test(text) ? "" : "."}`;

/** @param {import("./data.js").Model} model */
async function askForce(model) {
  if (await sure(`Get ${shortTitle(model)} anyway?`, model.fits_hint || "It needs more memory than models may use here.", "Get it anyway")) pullModel(model, true);
}

/** @param {import("./data.js").Model} model */
async function askRemove(model) {
  const text = model.in_use
    ? `It is in use for ${model.uses.join(", ")}: that stops until it is fetched again. What it found so far is kept.`
    : "It can be fetched again. What it found so far is kept.";
  if (await sure(`Remove ${shortTitle(model)}?`, text, "Remove")) removeModel(model);
}

/** @param {import("./data.js").Model} model */
function askFolder(model) {
  const add = async (/** @type {Record<string, string>} */ { folder }) => {
    await addModel(model, folder.trim(), !model.fits);
    close();
    toast(`Taking ${shortTitle(model)} from ${folder.trim()}.`);
  };
  const close = showDialog(
    `Add ${shortTitle(model)}`,
    html`<${Form} action="Add" onSend=${add}>
      <p class="dialog-lead">Its files are checked, then copied. Nothing is asked of the internet.</p>
      <${Field} label="Folder on the Homeroll machine" name="folder" hint="Its whole path, such as /media/stick/models" autofocus />
    <//>`,
  );
}
