import { api } from "/static/js/lib/api.js";
import { Icon } from "/static/js/lib/icon.js";
import { html, useEffect, useState } from "/static/js/lib/preact.js";
import { confirmFaces, nameOr, rejectFaces } from "/static/js/people/changes.js";

/** "Is this Anna?": faces that may be theirs, one answer each. @param {{ person: import("./changes.js").Person }} props */
export function Asked({ person }) {
  const [open, setOpen] = useState(/** @type {any[]} */ ([]));
  useEffect(() => {
    if (!person.name) return undefined;
    const stop = new AbortController();
    api.get(`/people/${person.id}/suggestions?limit=12`, stop.signal).then(({ items }) => setOpen(items), () => null); // only an offer
    return () => stop.abort();
  }, [person]);
  if (!open.length || !person.name) return null;
  const answer = (/** @type {any} */ face, /** @type {typeof confirmFaces} */ run) => {
    setOpen(open.filter((entry) => entry.face.id !== face.id));
    run(person, [face.id]);
  };
  return html`<section class="asked" aria-label=${`Is this ${person.name}?`}>
    <h2>Is this ${person.name}?</h2>
    <ul>
      ${open.map(
        ({ face }) => html`<li key=${face.id}>
          <span class="cover"><img src=${face.thumbnail_url} alt="" /></span>
          <span class="asked-actions">
            <button class="icon-button" type="button" aria-label=${`Not ${nameOr(person)}`} title="No" onClick=${() => answer(face, rejectFaces)}><${Icon} name="x" size=${18} /></button>
            <button class="icon-button is-yes" type="button" aria-label=${`Yes, ${nameOr(person)}`} title="Yes" onClick=${() => answer(face, confirmFaces)}><${Icon} name="check" size=${18} /></button>
          </span>
        </li>`,
      )}
    </ul>
  </section>`;
}
