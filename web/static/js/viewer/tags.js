import { api, request } from "/static/js/lib/api.js";
import { Icon } from "/static/js/lib/icon.js";
import { html, useLayoutEffect, useRef, useState } from "/static/js/lib/preact.js";
import { searchPath } from "/static/js/router.js";
import { term } from "/static/js/lib/query.js";
import { fileOf, forgetFile } from "/static/js/viewer/files.js";
import { toast, toastError } from "/static/js/ui/toast.js";

/** @typedef {{ name: string, source: string, score?: number | null }} Tag */

/** Where a tag is from, in words. @param {Tag} tag */
function sourceOf({ source, score }) {
  if (source === "manual") return "added by hand";
  if (source === "exif") return "from the file";
  const model = source.replace(/^model:/, "");
  return score ? `${model}, ${Math.round(score * 100)} % sure` : model;
}
const ICONS = { manual: "user", exif: "file-text" };

/**
 * Words for what is on the photo, each with where it is from; a person adds and removes.
 * @param {{ file: any, onPage: (path: string) => void }} props
 */
export function Tags({ file, onPage }) {
  const [tags, setTags] = useState(/** @type {Tag[]} */ (file.tags ?? []));
  const [adding, setAdding] = useState(false);
  const at = `/files/${encodeURIComponent(file.id)}/tags`;
  const change = async (/** @type {Tag[]} */ next, /** @type {() => Promise<any>} */ run) => {
    const before = tags;
    setTags(next);
    try {
      const answer = await run();
      forgetFile(file.id);
      if (Array.isArray(answer?.tags)) setTags(answer.tags);
      return true;
    } catch (error) {
      setTags(before);
      toastError(/** @type {any} */ (error));
      return false;
    }
  };
  const put = (/** @type {Tag[]} */ next) => request(at, { method: "PUT", body: { names: next.filter(({ source }) => source === "manual").map(({ name }) => name) } });
  const add = (/** @type {string} */ text) => {
    const name = text.trim().replace(/\s+/g, " ");
    if (!name || tags.some((tag) => tag.name.toLocaleLowerCase() === name.toLocaleLowerCase() && tag.source === "manual")) return;
    const next = [...tags.filter((tag) => tag.name !== name), { name, source: "manual" }];
    change(next, () => put(next));
  };
  const remove = async (/** @type {Tag} */ tag) => {
    let undo = "";
    const take = async () => ({ undo } = await api.post("/files/edit", { ids: [file.id], changes: { remove_tags: [tag.name] } }));
    if (!(await change(tags.filter((entry) => entry.name !== tag.name), take)) || !undo) return;
    const back = async () => {
      await api.post(`/journal/${undo}/undo`);
      forgetFile(file.id);
      return fileOf(file.id);
    };
    toast(`Tag “${tag.name}” removed.`, { action: { label: "Undo", run: () => change(tags, back) } });
  };
  const open = (/** @type {MouseEvent} */ event, /** @type {string} */ path) => {
    if (event.ctrlKey || event.metaKey || event.shiftKey) return;
    event.preventDefault();
    event.stopPropagation();
    onPage(path);
  };
  return html`<section class="info-tags" aria-label="Tags">
    <ul class="chips">
      ${tags.map((tag) => {
        const path = searchPath(term("tag", tag.name));
        return html`<li key=${tag.name + tag.source} class="tag-chip" title=${sourceOf(tag)}>
          <a href=${path} aria-label=${`${tag.name}, ${sourceOf(tag)}`} onClick=${(event) => open(event, path)}><${Icon} name=${ICONS[tag.source] ?? "sparkles"} size=${14} /><span>${tag.name}</span></a>
          <button type="button" aria-label=${`Remove tag ${tag.name}`} title="Remove" onClick=${() => remove(tag)}><${Icon} name="x" size=${14} /></button>
        </li>`;
      })}
      <li>${adding ? html`<${NewTag} onAdd=${add} onClose=${() => setAdding(false)} />` : html`<button class="tag-add" type="button" onClick=${() => setAdding(true)}><${Icon} name="plus" size=${16} />Add a tag</button>`}</li>
    </ul>
  </section>`;
}

/** @param {{ onAdd: (text: string) => void, onClose: () => void }} props */
function NewTag({ onAdd, onClose }) {
  const input = useRef(/** @type {HTMLInputElement | null} */ (null));
  const [known, setKnown] = useState(/** @type {string[]} */ ([]));
  useLayoutEffect(() => input.current?.focus(), []);
  const suggest = async (/** @type {InputEvent} */ event) => {
    const typed = /** @type {HTMLInputElement} */ (event.target).value.trim();
    const found = typed ? await api.get(`/tags?limit=8&q=${encodeURIComponent(typed)}`).catch(() => null) : null; // without suggestions one types
    setKnown(found?.items.map(({ name }) => name) ?? []);
  };
  const key = (/** @type {KeyboardEvent} */ event) => {
    const field = /** @type {HTMLInputElement} */ (event.target);
    event.stopPropagation();
    if (event.isComposing) return;
    if (event.key === "Escape") {
      field.value = ""; // leaving the field takes what is in it
      onClose();
    } else if (event.key === "Enter" || event.key === ",") {
      event.preventDefault();
      if (!field.value.trim()) return onClose();
      onAdd(field.value);
      field.value = "";
    }
    return undefined;
  };
  const left = (/** @type {FocusEvent} */ event) => {
    onAdd(/** @type {HTMLInputElement} */ (event.target).value);
    onClose();
  };
  return html`<datalist id="tags-known">${known.map((name) => html`<option key=${name} value=${name} />`)}</datalist>
    <input ref=${input} class="tag-new" type="text" maxlength="100" autocapitalize="none" autocomplete="off" list="tags-known" aria-label="New tag" placeholder="New tag" onInput=${suggest} onKeyDown=${key} onBlur=${left} />`;
}
