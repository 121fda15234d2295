// Site settings: what an admin changes while Homeroll runs. Each is saved as soon as it is chosen.
import { api } from "/static/js/lib/api.js";
import { house } from "/static/js/lib/house.js";
import { createStore, useStore } from "/static/js/lib/store.js";
import { html, useState } from "/static/js/lib/preact.js";
import { loadModels, models, splitTitle } from "/static/js/models/data.js";
import { ErrorNote } from "/static/js/ui/failure.js";
import { toast, toastError } from "/static/js/ui/toast.js";

/** @typedef {{ name: string, value: any, default: any, help: string, choices: string[] }} Setting */
export const settings = createStore({ loaded: false, /** @type {any} */ error: null, /** @type {Setting[]} */ items: [] });

/** Ask for all of them. */
export async function loadSettings() {
  try {
    settings.set({ loaded: true, error: null, items: (await api.get("/settings")).items });
  } catch (error) {
    settings.set({ ...settings.get(), error });
  }
}

/** @param {string} name @param {unknown} value null is the default again @param {string} said */
async function save(name, value, said) {
  const before = settings.get();
  settings.set({ ...before, items: before.items.map((item) => (item.name === name ? { ...item, value: value ?? item.default } : item)) });
  try {
    settings.set({ loaded: true, error: null, items: (await api.patch("/settings", { [name]: value })).items });
    toast(said);
    loadModels();
    return true;
  } catch (error) {
    settings.set(before);
    toastError(error);
    return false;
  }
}

const TITLES = {
  tagging_model: "Tags",
  embedding_model: "Search by meaning",
  captioning_model: "Captions",
  text_reader: "Text in pictures",
  find_faces: "Finding faces",
  face_engine: "Faces",
};
/** @param {string} name */
export const titleOf = (name) => TITLES[name] ?? name.charAt(0).toUpperCase() + name.slice(1).replaceAll("_", " ");

/** Settings with choices that have a place of their own on the page. */
const ELSEWHERE = ["tls", "record_requests"];

/** Which model does what: every other setting with choices. */
export function Understanding() {
  const { loaded, error, items } = useStore(settings);
  const known = useStore(models);
  if (!loaded) return error ? html`<${ErrorNote} error=${error} />` : html`<div class="panel-wait"><span class="spinner"></span></div>`;
  const order = Object.keys(TITLES);
  const shown = items.filter(({ name, choices }) => choices.length && !ELSEWHERE.includes(name)).sort((a, b) => rank(order, a.name) - rank(order, b.name));
  return html`<ul class="settings-list">${shown.map((setting) => html`<${Choice} key=${setting.name} setting=${setting} known=${known.items} />`)}</ul>`;
}

/** Let a model do what a setting is for. @param {string} name @param {string} chosen "off" for none */
export function choose(name, chosen) {
  return save(name, chosen, chosen === "off" ? `${titleOf(name)}: off.` : `${titleOf(name)}: ${labelOf(chosen, models.get().items)}.`);
}

const rank = (/** @type {string[]} */ order, /** @type {string} */ name) => (order.includes(name) ? order.indexOf(name) : order.length);

/** @param {{ setting: Setting, known: import("./data.js").Model[] }} props */
function Choice({ setting, known }) {
  const { name, value, help, choices } = setting;
  const model = known.find((entry) => entry.name === value);
  const id = `setting-${name}`;
  const change = (/** @type {Event} */ event) => choose(name, /** @type {HTMLSelectElement} */ (event.target).value);
  return html`<li class="setting">
    <div class="setting-text">
      <label for=${id}>${titleOf(name)}</label>
      <p id=${`${id}-help`}>${help}</p>
      ${model && !model.installed && html`<p class="setting-missing">${model.pull?.status === "running" ? "It is being fetched." : html`Not here yet: <a href="/models">get it under Models</a>.`}</p>`}
    </div>
    <select id=${id} aria-describedby=${`${id}-help`} value=${value} onChange=${change}>
      ${choices.map((choice) => html`<option key=${choice} value=${choice} selected=${choice === value}>${labelOf(choice, known)}${choice === setting.default ? " (default)" : ""}</option>`)}
    </select>
  </li>`;
}

/** @param {string} choice @param {import("./data.js").Model[]} known */
function labelOf(choice, known) {
  if (choice === "off") return "Off";
  if (choice === "on") return "On";
  const model = known.find(({ name }) => name === choice);
  return model ? splitTitle(model)[0] : choice;
}

const NIGHT = ["23:00", "06:30"];

/** What it is called. */
export function Name() {
  const { loaded, items } = useStore(settings);
  const setting = items.find(({ name }) => name === "name");
  if (!loaded || !setting) return null;
  return html`<${Naming} key=${setting.value} setting=${setting} />`;
}

/** @param {{ setting: Setting }} props */
function Naming({ setting }) {
  const [name, setName] = useState(setting.value);
  const send = async (/** @type {Event} */ event) => {
    event.preventDefault();
    const called = name.trim() || setting.default;
    if (await save("name", called, `It is called ${called} now.`)) house.set(called);
  };
  return html`<form class="setting is-alone" onSubmit=${send}>
    <div class="setting-text">
      <label for="setting-name">Name</label>
      <p id="setting-name-help">${setting.help}</p>
    </div>
    <div class="setting-name">
      <input id="setting-name" aria-describedby="setting-name-help" maxlength="40" autocomplete="off" placeholder=${setting.default} value=${name} onInput=${(/** @type {any} */ event) => setName(event.target.value)} />
      ${name.trim() !== setting.value && html`<button class="button is-small is-primary" type="submit">Save</button>`}
    </div>
  </form>`;
}

/** When steps run: always, or between two times. */
export function NightWindow() {
  const { loaded, items } = useStore(settings);
  const setting = items.find(({ name }) => name === "night_window");
  if (!loaded || !setting) return null;
  return html`<${Window} key=${setting.value} setting=${setting} />`;
}

/** @param {{ setting: Setting }} props */
function Window({ setting }) {
  const [from, to] = setting.value ? setting.value.split("-") : NIGHT;
  const [times, setTimes] = useState({ from, to });
  const on = Boolean(setting.value);
  const turn = (/** @type {boolean} */ next) => save("night_window", next ? `${times.from}-${times.to}` : "", next ? `Photos are processed from ${times.from} to ${times.to}.` : "Photos are processed at any time.");
  const set = (/** @type {Event} */ event) => {
    event.preventDefault();
    turn(true);
  };
  const changed = on && (times.from !== from || times.to !== to);
  return html`<div class="setting is-night">
    <div class="setting-text">
      <span id="night-label">Only at night</span>
      <p id="night-help">Faces, tags, text and previews are worked on between these times only; photos are on the timeline at once all the same.</p>
    </div>
    <button class="switch" type="button" role="switch" aria-checked=${String(on)} aria-labelledby="night-label" aria-describedby="night-help" onClick=${() => turn(!on)}><span></span></button>
    ${on &&
    html`<form class="night-times" onSubmit=${set}>
      <label>From<input type="time" required value=${times.from} onInput=${(event) => setTimes({ ...times, from: event.target.value })} /></label>
      <label>To<input type="time" required value=${times.to} onInput=${(event) => setTimes({ ...times, to: event.target.value })} /></label>
      ${changed && html`<button class="button is-small is-primary" type="submit">Save</button>`}
    </form>`}
  </div>`;
}
