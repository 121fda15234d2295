import { plural } from "/static/js/lib/format.js";
import { Icon } from "/static/js/lib/icon.js";
import { html, useLayoutEffect, useRef, useState } from "/static/js/lib/preact.js";
import { useStore } from "/static/js/lib/store.js";
import { known, loadKnown, matching, sameName } from "/static/js/people/known.js";

let count = 0;

/**
 * A field for a name that offers those known already.
 * @param {{ initial?: string, label: string, except?: string, action?: string, onDone: (name: string, chosen: import("./changes.js").Person | null) => void, onCancel: () => void }} props
 */
export function NameField({ initial = "", label, except = "", action = "Save name", onDone, onCancel }) {
  const [text, setText] = useState(initial);
  const [at, setAt] = useState(-1);
  const [listId] = useState(() => `names-${++count}`);
  const input = useRef(/** @type {HTMLInputElement | null} */ (null));
  useStore(known);
  useLayoutEffect(() => {
    loadKnown();
    input.current?.focus({ preventScroll: true });
    input.current?.select();
    input.current?.closest(".person-card .name-field")?.scrollIntoView({ block: "nearest" });
  }, []);
  const offered = text.trim() === initial.trim() ? [] : matching(text, except);
  const finish = (/** @type {import("./changes.js").Person | null} */ chosen) => {
    const name = chosen ? chosen.name : text.trim().replace(/\s+/g, " ");
    if (!chosen && name === initial.trim()) onCancel();
    else onDone(name, chosen);
  };
  const key = (/** @type {KeyboardEvent} */ event) => {
    event.stopPropagation();
    if (event.isComposing) return;
    if (event.key === "Escape") onCancel();
    else if (event.key === "Enter") finish(offered[at] ?? offered.find(({ name }) => sameName(name, text)) ?? null);
    else if (event.key === "ArrowDown" && offered.length) setAt((at + 1) % offered.length);
    else if (event.key === "ArrowUp" && offered.length) setAt(at <= 0 ? offered.length - 1 : at - 1);
    else return;
    event.preventDefault();
  };
  const left = (/** @type {FocusEvent} */ event) => {
    const root = /** @type {HTMLElement} */ (event.currentTarget);
    if (root.contains(/** @type {Node | null} */ (event.relatedTarget))) return;
    if (!text.trim() || text.trim() === initial.trim()) onCancel();
  };
  return html`<div class="name-field" onfocusout=${left}>
    <div class="name-box">
      <input ref=${input} type="text" role="combobox" autocomplete="off" autocapitalize="words" spellcheck="false" maxlength="200" aria-label=${label} placeholder=${label}
        aria-autocomplete="list" aria-expanded=${String(offered.length > 0)} aria-controls=${listId} aria-activedescendant=${at >= 0 && offered[at] ? `${listId}-${at}` : undefined}
        value=${text} onInput=${(event) => (setText(event.target.value), setAt(-1))} onKeyDown=${key} />
      <button type="button" aria-label=${action} title=${action} disabled=${!text.trim() && !initial} onClick=${() => finish(null)}><${Icon} name="check" size=${18} /></button>
    </div>
    <ul class="name-list" id=${listId} role="listbox" aria-label="People known already" hidden=${!offered.length}>
      ${offered.map(
        (person, i) => html`<li key=${person.id} id=${`${listId}-${i}`} role="option" aria-selected=${String(i === at)} onPointerDown=${(event) => event.preventDefault()} onClick=${() => finish(person)}>
          <span class="cover is-tiny">${person.thumbnail_url && html`<img src=${person.thumbnail_url} alt="" />`}</span>
          <span class="name-text">${person.name}</span><span class="name-count">${plural(person.faces, "photo")}</span>
        </li>`,
      )}
    </ul>
  </div>`;
}
