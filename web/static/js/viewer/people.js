import { Icon } from "/static/js/lib/icon.js";
import { html } from "/static/js/lib/preact.js";
import { ageText } from "/static/js/viewer/faces.js";

/**
 * Who is on the photo, with their age on that day.
 * @param {{ file: any, onFace: (id: string) => void, onPerson: (path: string) => void, onAdd: () => void }} props
 */
export function PeopleChips({ file, onFace, onPerson, onAdd }) {
  if (file.kind === "video") return null;
  const faces = (file.faces ?? []).filter(({ person }) => !person?.ignored && !person?.hidden);
  const named = faces.filter(({ person }) => person?.name);
  const others = faces.filter(({ person }) => !person?.name);
  return html`<section class="info-people" aria-label="People">
    <ul>
      ${[...named, ...others].map((face) => {
        const { person } = face;
        const age = ageText(person);
        const inside = html`<span class="cover is-small"><img src=${face.thumbnail_url} alt="" /></span><span class="chip-name">${person?.name || "Who is this?"}</span>${age && html`<span class="chip-age">${age}</span>`}`;
        return html`<li key=${face.id}>
          ${person?.name
            ? html`<a class="person-chip" href=${`/people/${person.id}`} onClick=${(event) => (event.preventDefault(), event.stopPropagation(), onPerson(`/people/${person.id}`))}>${inside}</a>`
            : html`<button class="person-chip is-open" type="button" onClick=${() => onFace(face.id)}>${inside}</button>`}
        </li>`;
      })}
      <li><button class="person-chip is-add" type="button" title="Draw a face that was missed" onClick=${onAdd}><span class="cover is-small"><${Icon} name="plus" size=${18} /></span><span class="chip-name">Add a face</span></button></li>
    </ul>
  </section>`;
}
