import { api } from "/static/js/lib/api.js";
import { count, plural } from "/static/js/lib/format.js";
import { Icon } from "/static/js/lib/icon.js";
import { html, useEffect, useState } from "/static/js/lib/preact.js";
import { mark, moveFaces, nameOr, onChange, rejectFaces } from "/static/js/people/changes.js";
import { NameField } from "/static/js/people/name.js";
import { toastError } from "/static/js/ui/toast.js";

const PAGE = 200;

/** Every face of a person, to take out those that are not theirs. @param {{ person: import("./changes.js").Person }} props */
export function Faces({ person }) {
  const [page, setPage] = useState(/** @type {{ items: any[], total: number, next: string | null } | null} */ (null));
  const [chosen, setChosen] = useState(/** @type {Set<string>} */ (new Set()));
  const [moving, setMoving] = useState(false);
  const load = (/** @type {string} */ cursor = "") =>
    api
      .get(`/people/${person.id}/faces?limit=${PAGE}${cursor && `&cursor=${encodeURIComponent(cursor)}`}`)
      .then((more) => setPage((old) => (cursor && old ? { ...more, items: [...old.items, ...more.items] } : more)))
      .catch(toastError);
  useEffect(() => {
    load();
    return onChange(() => load());
  }, [person.id]);
  if (!page) return html`<div class="panel-wait"><span class="spinner"></span></div>`;
  const toggle = (/** @type {string} */ id) => {
    const next = new Set(chosen);
    if (!next.delete(id)) next.add(id);
    setChosen(next);
  };
  const here = page.items.filter(({ id }) => chosen.has(id)).map(({ id }) => id);
  const done = () => {
    setChosen(new Set());
    setMoving(false);
  };
  const reject = async () => (await rejectFaces(person, here)) && done();
  const move = async (name, other) => (await moveFaces(person, here, name, other)) && done();
  const cover = async () => (await mark(person, { cover_face: here[0] }, "This is the cover now.")) && done();
  return html`<div class="faces-page" onKeyDown=${(event) => event.key === "Escape" && done()}>
    <p class="people-hint">Choose faces that are not ${nameOr(person, "this person")}, or one as the cover.</p>
    <ul class="faces-grid">
      ${page.items.map(
        (face, i) => html`<li key=${face.id}>
          <button type="button" class="face-pick" aria-pressed=${String(chosen.has(face.id))} aria-label=${`Face ${i + 1} of ${page.total}`} onClick=${() => toggle(face.id)}>
            <img src=${face.thumbnail_url} alt="" loading="lazy" decoding="async" /><span class="face-check"><${Icon} name="check" size=${14} /></span>
          </button>
        </li>`,
      )}
    </ul>
    ${page.next && html`<div class="people-more"><button class="button" type="button" onClick=${() => load(page.next ?? "")}>Show more (${count(page.total - page.items.length)})</button></div>`}
    ${here.length > 0 &&
    html`<div class="faces-bar" role="toolbar" aria-label="Chosen faces">
      ${moving
        ? html`<${NameField} label="Who are they?" except=${person.id} action="Move" onDone=${move} onCancel=${() => setMoving(false)} />`
        : html`<strong>${plural(here.length, "face")}</strong>
            ${here.length === 1 && html`<button class="button is-small" type="button" onClick=${cover}>Use as cover</button>`}
            <button class="button is-small" type="button" onClick=${() => setMoving(true)}>Somebody else…</button>
            <button class="button is-small" type="button" onClick=${reject}>Not ${nameOr(person, "this person")}</button>
            <button class="icon-button" type="button" aria-label="Choose none" onClick=${done}><${Icon} name="x" size=${18} /></button>`}
    </div>`}
  </div>`;
}
