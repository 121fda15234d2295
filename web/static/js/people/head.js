import { dateName, plural } from "/static/js/lib/format.js";
import { Icon } from "/static/js/lib/icon.js";
import { html, useState } from "/static/js/lib/preact.js";
import { session } from "/static/js/lib/session.js";
import { mark, merge, nameOr, namePerson, toggleFavourite } from "/static/js/people/changes.js";
import { More } from "/static/js/people/more.js";
import { NameField } from "/static/js/people/name.js";
import { actionsOf } from "/static/js/people/people.js";
import { go } from "/static/js/router.js";
import { askLink } from "/static/js/sharing/form.js";

/**
 * @param {{ person: import("./changes.js").Person, photos: number, tab: "photos" | "faces", onTab: (tab: "photos" | "faces") => void }} props
 */
export function PersonHead({ person, photos, tab, onTab }) {
  const [editing, setEditing] = useState(/** @type {"" | "name" | "birthday" | "merge"} */ (""));
  const stop = () => setEditing("");
  const named = async (name, chosen) => {
    stop();
    leaveIfGone(person, await namePerson(person, name, chosen));
  };
  const merged = async (_name, chosen) => {
    stop();
    if (chosen) leaveIfGone(person, await merge(chosen, person));
  };
  const items = [
    ...actionsOf(person, () => setEditing("name")).filter(({ icon }) => icon !== "heart"),
    { icon: "merge", text: "Same as somebody else…", run: () => setEditing("merge") },
    ...(session.get()
      ? [{ icon: "lock", text: person.private ? "Show to the family" : "Only for me", run: () => mark(person, { private: !person.private }, person.private ? `The family sees ${nameOr(person, "this person")} now.` : "Only you see this person now.") }]
      : []),
    ...(person.cover_chosen ? [{ icon: "images", text: "Best face as cover", run: () => mark(person, { cover_face: null }, "The best face is the cover now.") }] : []),
  ];
  return html`<header class="person-head">
    <a class="icon-button" href="/people" aria-label="All people" title="All people"><${Icon} name="arrow-left" /></a>
    <span class="cover is-large">${person.thumbnail_url && html`<img src=${person.thumbnail_url} alt="" />`}</span>
    <div class="person-words">
      ${editing === "name"
        ? html`<${NameField} initial=${person.name} label="Who is this?" except=${person.id} onDone=${named} onCancel=${stop} />`
        : html`<h1><button type="button" class=${person.name ? "" : "is-open"} title=${person.name ? "Rename" : "Add a name"} onClick=${() => setEditing("name")}>${person.name || "Add a name"}<${Icon} name="pencil" size=${16} /></button></h1>`}
      ${editing === "merge" && html`<${NameField} label="The same as…" except=${person.id} action="Same person" onDone=${merged} onCancel=${stop} />`}
      <p class="person-facts">
        <span>${plural(photos, "photo")}</span>
        ${editing === "birthday" ? html`<${Birthday} person=${person} onDone=${stop} />` : (person.name || person.birthday) && html`<button type="button" onClick=${() => setEditing("birthday")}>${person.birthday ? born(person.birthday) : "Add birthday"}</button>`}
        ${!photos && html`<span>${nameOr(person, "This group")} is on no photo any more.</span>`}
        ${person.hidden && html`<span class="person-tag">Hidden</span>`}
        ${person.ignored && html`<span class="person-tag">Stranger</span>`}
        ${person.private && html`<span class="person-tag">Only for you</span>`}
      </p>
    </div>
    <div class="person-actions">
      <div class="tabs" role="group" aria-label="Show">
        <button type="button" aria-pressed=${String(tab === "photos")} onClick=${() => onTab("photos")}>Photos</button>
        <button type="button" aria-pressed=${String(tab === "faces")} onClick=${() => onTab("faces")}>Faces</button>
      </div>
      <button class="icon-button" type="button" aria-label="Share by a link" title="Share by a link" onClick=${() => askLink({ person: person.id, name: person.name || "Photos" })}><${Icon} name="globe" /></button>
      <button class=${`icon-button is-heart ${person.favourite ? "is-on" : ""}`} type="button" aria-pressed=${String(person.favourite)} aria-label="Favourite" title="Favourite" onClick=${() => toggleFavourite(person)}><${Icon} name="heart" /></button>
      <${More} label=${`More for ${nameOr(person, "this person")}`} items=${items} />
    </div>
  </header>`;
}

/** After a merge into somebody else this page is about nobody: go to who it is now. */
function leaveIfGone(person, answer) {
  if (answer && answer.person.id !== person.id) go(`/people/${answer.person.id}`);
}

function Birthday({ person, onDone }) {
  const [day, setDay] = useState(person.birthday ?? "");
  const save = async (/** @type {Event} */ event) => {
    event.preventDefault();
    onDone();
    if (day !== (person.birthday ?? "")) await mark(person, { birthday: day || null }, day ? `Born on ${dateName(day)}: photos show the age now.` : "Birthday removed.");
  };
  return html`<form class="birthday" onSubmit=${save} onKeyDown=${(event) => event.key === "Escape" && onDone()}>
    <input type="date" aria-label="Birthday" value=${day} max=${new Date().toISOString().slice(0, 10)} autofocus onInput=${(event) => setDay(event.target.value)} />
    <button class="button is-small is-primary" type="submit">Save</button>
    <button class="button is-small" type="button" onClick=${onDone}>Cancel</button>
  </form>`;
}

/** @param {string} birthday */
function born(birthday) {
  const [year, month, day] = birthday.split("-").map(Number);
  const today = new Date();
  const passed = today.getMonth() + 1 > month || (today.getMonth() + 1 === month && today.getDate() >= day);
  const years = today.getFullYear() - year - (passed ? 0 : 1);
  return `Born ${dateName(birthday)}${years >= 0 && years < 120 ? ` · ${plural(years, "year")}` : ""}`;
}
