import { api } from "/static/js/lib/api.js";
import { Icon } from "/static/js/lib/icon.js";
import { html, useEffect, useState } from "/static/js/lib/preact.js";
import { addFace, mark, namePerson, removeFace, sayNot, sayWho, toggleStranger } from "/static/js/people/changes.js";
import { NameField } from "/static/js/people/name.js";

/**
 * What can be said of one face on the photo.
 * @param {{ face: import("../people/changes.js").Face | null, box?: number[], file: string, onClose: () => void, onOpen: (path: string) => void }} props
 */
export function FaceCard({ face, box, file, onClose, onOpen }) {
  const person = face?.person ?? null;
  const [naming, setNaming] = useState(!person?.name);
  const [offered, setOffered] = useState(/** @type {any[]} */ ([]));
  useEffect(() => {
    if (!face || person?.name) return undefined;
    const stop = new AbortController();
    api.get(`/faces/${face.id}/suggestions`, stop.signal).then(({ items }) => setOffered(items.filter(({ name }) => name).slice(0, 3)), () => null); // only an offer
    return () => stop.abort();
  }, [face?.id]);
  const then = async (/** @type {Promise<any>} */ asked) => {
    if (await asked) onClose();
  };
  const group = async () => /** @type {any} */ (await api.get(`/people/${person?.id}`));
  const named = (/** @type {string} */ name, /** @type {any} */ chosen) => {
    if (!face) return then(addFace(file, box ?? [], name, chosen));
    if (person && !person.name) return then(group().then((all) => namePerson(all, name, chosen))); // the whole group is this person
    return then(sayWho(face, name, chosen));
  };
  const pick = (/** @type {any} */ one) => face && then(sayWho(face, one.name, { id: one.person, name: one.name }));
  return html`<div class="face-card-body">
    <header>
      ${person?.name
        ? html`<a href=${`/people/${person.id}`} onClick=${(event) => (event.preventDefault(), onOpen(`/people/${person.id}`))}><span class="cover is-small"><img src=${face?.thumbnail_url} alt="" /></span><strong>${person.name}</strong><${Icon} name="chevron-right" size=${18} /></a>`
        : html`<span class="face-card-who">${face && html`<span class="cover is-small"><img src=${face.thumbnail_url} alt="" /></span>`}<strong>Who is this?</strong></span>`}
      <button class="icon-button" type="button" aria-label="Close" onClick=${onClose}><${Icon} name="x" size=${18} /></button>
    </header>
    ${offered.length > 0 &&
    html`<div class="face-offers">${offered.map((one) => html`<button type="button" key=${one.person} onClick=${() => pick(one)}><span class="cover is-tiny"><img src=${one.thumbnail_url} alt="" /></span>${one.name}<span>${Math.round(one.confidence * 100)} %</span></button>`)}</div>`}
    ${naming && html`<${NameField} label=${person?.name ? "Who is it then?" : "Name"} except=${person?.id ?? ""} onDone=${named} onCancel=${() => (person?.name ? setNaming(false) : onClose())} />`}
    ${face &&
    html`<div class="face-card-actions">
      ${person?.name && !naming && html`<button type="button" onClick=${() => setNaming(true)}><${Icon} name="pencil" size=${18} />Somebody else…</button>`}
      ${person?.name && html`<button type="button" onClick=${() => then(sayNot(face))}><${Icon} name="user-x" size=${18} />Not ${person.name}</button>`}
      ${person?.name && html`<button type="button" onClick=${() => then(mark(/** @type {any} */ (person), { cover_face: face.id }, `This is the cover of ${person.name} now.`))}><${Icon} name="circle-user-round" size=${18} />Use as cover</button>`}
      ${person && !person.name && html`<button type="button" onClick=${() => then(group().then(toggleStranger))}><${Icon} name="user-x" size=${18} />${person.ignored ? "Not a stranger" : "A stranger"}</button>`}
      <button type="button" onClick=${() => then(removeFace(face))}><${Icon} name="trash-2" size=${18} />Not a face</button>
    </div>`}
  </div>`;
}
