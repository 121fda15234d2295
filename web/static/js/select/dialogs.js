// What must be asked before chosen photos are changed.
import { api } from "/static/js/lib/api.js";
import { plural } from "/static/js/lib/format.js";
import { Icon } from "/static/js/lib/icon.js";
import { html, useState } from "/static/js/lib/preact.js";
import { Form } from "/static/js/auth/form.js";
import { edit } from "/static/js/select/actions.js";
import { TownField } from "/static/js/select/towns.js";
import { showDialog } from "/static/js/ui/dialog.js";
import { toast } from "/static/js/ui/toast.js";

/** @typedef {import("./actions.js").Chosen} Chosen */

const photos = (/** @type {string[]} */ ids) => plural(ids.length, "photo");

/** Ask, and close when it is done. @param {string} title @param {(close: () => void) => unknown} content */
function ask(title, content) {
  const close = showDialog(title, content(() => close()));
}

// ------------------------------------------------------------------------------------------------ tags

/** @param {Chosen} chosen */
export const askTags = (chosen) => ask(`Tags of ${photos(chosen.ids)}`, (close) => html`<${TagsForm} chosen=${chosen} close=${close} />`);

function TagsForm({ chosen: { ids, say }, close }) {
  const [known, setKnown] = useState(/** @type {string[]} */ ([]));
  const names = (/** @type {string} */ text) => text.split(",").map((name) => name.trim()).filter(Boolean);
  const suggest = async (/** @type {InputEvent} */ event) => {
    const last = /** @type {HTMLInputElement} */ (event.target).value.split(",").at(-1)?.trim() ?? "";
    const found = last ? await api.get(`/tags?limit=8&q=${encodeURIComponent(last)}`).catch(() => null) : null; // without suggestions one types
    setKnown(found?.items.map(({ name }) => name) ?? []);
  };
  const send = async ({ add, remove }) => {
    const changes = { ...(names(add).length && { add_tags: names(add) }), ...(names(remove).length && { remove_tags: names(remove) }) };
    if (!Object.keys(changes).length) throw new Error("Write at least one tag.");
    if (await say(`Tags of ${photos(ids)} changed.`, () => edit(ids, changes))) close();
  };
  return html`<${Form} action="Change tags" onSend=${send}>
    <datalist id="known-tags">${known.map((name) => html`<option key=${name} value=${name} />`)}</datalist>
    <${Line} label="Add" name="add" placeholder="holiday, beach" list="known-tags" onInput=${suggest} autofocus />
    <${Line} label="Take away" name="remove" placeholder="none" list="known-tags" onInput=${suggest} hint="Whoever gave it, a model too: it does not come back by itself." />
  <//>`;
}

/** A field that may stay empty. */
function Line({ label, name, hint = "", type = "text", value = "", ...rest }) {
  return html`<div class="field">
    <label for=${`line-${name}`}>${label}</label>
    <input id=${`line-${name}`} name=${name} type=${type} defaultValue=${value} autocomplete="off" autocapitalize="none" aria-describedby=${hint ? `line-hint-${name}` : undefined} ...${rest} />
    ${hint && html`<p class="field-hint" id=${`line-hint-${name}`}>${hint}</p>`}
  </div>`;
}

// ------------------------------------------------------------------------------------------------ date

/** @param {Chosen} chosen */
export const askDate = (chosen) => ask(`Date of ${photos(chosen.ids)}`, (close) => html`<${DateForm} chosen=${chosen} close=${close} />`);

function DateForm({ chosen: { ids, say }, close }) {
  const [way, setWay] = useState("shift");
  const ways = [
    ["shift", "Earlier or later"],
    ["first", ids.length > 1 ? "The first was taken at" : "It was taken at"],
    ...(ids.length > 1 ? [["each", "All at the same moment"]] : []),
  ];
  const send = async (/** @type {Record<string, string>} */ values) => {
    const whole = (/** @type {string} */ name) => Math.abs(Math.round(Number(values[name] || 0)));
    const shift_s = (values.direction === "earlier" ? -1 : 1) * (whole("days") * 86_400 + whole("hours") * 3600 + whole("minutes") * 60);
    const changes = way === "shift" ? { shift_s } : way === "first" ? { first_date: values.moment } : { date: values.moment };
    if (way === "shift" && !shift_s) throw new Error("Say by how much.");
    if (await say(`Date of ${photos(ids)} changed.`, () => edit(ids, changes))) close();
  };
  return html`<${Form} action="Change date" onSend=${send}>
    <div class="choice-ways" role="radiogroup" aria-label="How">
      ${ways.map(([value, label]) => html`<label key=${value}><input type="radio" name="way" value=${value} checked=${way === value} onChange=${() => setWay(value)} />${label}</label>`)}
    </div>
    ${way === "shift"
      ? html`<div class="choice-shift">
          <select name="direction" aria-label="Direction"><option value="later">later by</option><option value="earlier">earlier by</option></select>
          ${[
            ["days", "days"],
            ["hours", "hours"],
            ["minutes", "minutes"],
          ].map(([name, label]) => html`<label key=${name}><input type="number" name=${name} min="0" max="80000" inputmode="numeric" placeholder="0" />${label}</label>`)}
        </div>
        <p class="field-hint">For a camera whose clock was wrong, or stayed at home.</p>`
      : html`<${Line} label="Date and time there" name="moment" type="datetime-local" step="1" required />
          <p class="field-hint">${way === "first" && ids.length > 1 ? "The others keep their distance from it." : "The wall clock of the place where it was taken."}</p>`}
  <//>`;
}

// ------------------------------------------------------------------------------------------------ place

/** @param {Chosen} chosen */
export const askLocation = (chosen) => ask(`Place of ${photos(chosen.ids)}`, (close) => html`<${LocationForm} chosen=${chosen} close=${close} />`);

function LocationForm({ chosen: { ids, say }, close }) {
  const [town, setTown] = useState(/** @type {any} */ (null));
  const set = async () => {
    if (!town) throw new Error("Choose a town from the list, or write a position such as 48.208, 16.373.");
    const location = { latitude: town.latitude, longitude: town.longitude };
    if (await say(`${photos(ids)} placed${town.name ? ` in ${town.name}` : ""}.`, () => edit(ids, { location }))) close();
  };
  const forget = async () => {
    if (await say(`Place of ${photos(ids)} forgotten.`, () => edit(ids, { location: null }))) close();
  };
  const track = async (/** @type {Event} */ event) => {
    const [file] = /** @type {HTMLInputElement} */ (event.target).files ?? [];
    if (!file) return;
    const gpx = await file.text();
    let answer = /** @type {any} */ (null);
    const done = await say(`Photos placed by the track ${file.name}.`, async () => (answer = await api.post("/files/geotag", { ids, gpx })));
    if (!done) return;
    close();
    if (answer.outside || answer.skipped) {
      const parts = [answer.outside && `${photos(Array(answer.outside))} outside the track’s time`, answer.skipped && `${photos(Array(answer.skipped))} with a place already`];
      toast(`Left as they were: ${parts.filter(Boolean).join(", ")}.`);
    }
  };
  return html`<${Form} action="Set place" onSend=${set}>
      <${TownField} onTown=${setTown} />
    <//>
    <div class="choice-else">
      <label class="button"><${Icon} name="route" size=${18} />From a GPX track<input class="visually-hidden" type="file" accept=".gpx,application/gpx+xml" onChange=${track} /></label>
      <button class="button" type="button" onClick=${forget}>No place</button>
    </div>`;
}

// ------------------------------------------------------------------------------------------------ description, rating

/** @param {Chosen} chosen */
export const askDescription = ({ ids, say }) =>
  ask(`Description of ${photos(ids)}`, (close) => {
    const send = async ({ description }) => {
      if (await say(`Description of ${photos(ids)} changed.`, () => edit(ids, { description: description.trim() }))) close();
    };
    return html`<${Form} action="Save" onSend=${send}>
      <div class="field">
        <label for="line-description">Description</label>
        <textarea id="line-description" name="description" rows="4" maxlength="10000" autofocus></textarea>
        <p class="field-hint">It takes the place of what each of them says now; leave it empty to take it away.</p>
      </div>
    <//>`;
  });

/** @param {Chosen} chosen */
export const askRating = ({ ids, say }) =>
  ask(`Rating of ${photos(ids)}`, (close) => {
    const rate = (/** @type {number | null} */ rating) => async () => {
      if (await say(rating ? `${photos(ids)} rated ${rating} of 5.` : `Rating of ${photos(ids)} taken away.`, () => edit(ids, { rating }))) close();
    };
    return html`<div class="choice-stars">
        ${[1, 2, 3, 4, 5].map((value) => html`<button class="button" type="button" key=${value} aria-label=${`${value} of 5`} onClick=${rate(value)}>${value}<${Icon} name="star" size=${18} /></button>`)}
      </div>
      <div class="choice-else"><button class="button" type="button" onClick=${rate(null)}>No rating</button></div>`;
  });
