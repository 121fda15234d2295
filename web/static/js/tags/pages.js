// Every tag with one of its photos; a tag leads to the search for it.
import { api, fileUrl } from "/static/js/lib/api.js";
import { el } from "/static/js/lib/dom.js";
import { count, plural } from "/static/js/lib/format.js";
import { setTitle } from "/static/js/lib/house.js";
import { Icon } from "/static/js/lib/icon.js";
import { onMessage } from "/static/js/lib/messages.js";
import { html, render, useEffect, useState } from "/static/js/lib/preact.js";
import { isAdmin } from "/static/js/lib/session.js";
import { useStore } from "/static/js/lib/store.js";
import { searchPath } from "/static/js/router.js";
import { term } from "/static/js/lib/query.js";
import { askTagName } from "/static/js/tags/rename.js";
import { status } from "/static/js/status.js";
import { Bar } from "/static/js/ui/bar.js";
import { Failure } from "/static/js/ui/failure.js";
import { toastError } from "/static/js/ui/toast.js";

const PAGE = 120;
const TYPING_MS = 150;
const CALM_MS = 2500; // tagging tells of many files in a row

/** @param {HTMLElement} holder */
export async function openPage(holder) {
  const root = el("div", { class: "tags-page" });
  holder.replaceChildren(root);
  setTitle("Tags");
  let first = null;
  try {
    first = await ask("");
  } catch (error) {
    render(html`<${Failure} error=${error} onRetry=${() => openPage(holder)} />`, root);
  }
  if (first) render(html`<${Tags} first=${first} />`, root);
  return {
    destroy() {
      render(null, root);
      root.remove();
    },
  };
}

/** @param {string} filter @param {string} [cursor] @param {number} [limit] */
const ask = (filter, cursor = "", limit = PAGE) =>
  api.get(`/tags?limit=${limit}${filter && `&q=${encodeURIComponent(filter)}`}${cursor && `&cursor=${encodeURIComponent(cursor)}`}`);

/** @param {{ first: any }} props */
function Tags({ first }) {
  const [filter, setFilter] = useState("");
  const [page, setPage] = useState(first);
  const load = (/** @type {string} */ wanted, limit = PAGE) =>
    ask(wanted, "", limit).then((found) => setPage((/** @type {any} */ old) => (old.filter === undefined || wanted === filter ? { ...found, filter: wanted } : old)), toastError);
  useEffect(() => {
    const timer = setTimeout(() => (filter || page.filter !== undefined) && load(filter), TYPING_MS);
    return () => clearTimeout(timer);
  }, [filter]);
  useEffect(() => {
    let timer = 0;
    const stop = onMessage("FileChanged", () => {
      clearTimeout(timer);
      timer = setTimeout(() => load(filter, Math.max(PAGE, Math.min(1000, page.items.length))), CALM_MS);
    });
    return () => {
      clearTimeout(timer);
      stop();
    };
  }, [filter, page.items.length]);
  const more = () => ask(filter, page.next).then((next) => setPage({ ...next, filter, items: [...page.items, ...next.items] }), toastError);
  const nothing = !page.items.length && !filter;
  return html`
    <header class="people-head">
      <h1>Tags</h1>
      <span class="people-total">${page.total > 0 && plural(page.total, "tag")}</span>
      ${!nothing && html`<label class="tags-filter"><${Icon} name="search" size=${18} /><input type="search" placeholder="Filter" aria-label="Filter tags" value=${filter} onInput=${(event) => setFilter(event.target.value)} /></label>`}
    </header>
    <${Progress} />
    ${nothing && html`<${NoTags} />`}
    ${!page.items.length && filter && html`<p class="tags-none" role="status">No tag has “${filter}” in it.</p>`}
    <${Groups} tags=${page.items} />
    <ul class="tags-grid">${page.items.map((tag) => html`<${Tag} key=${tag.name} tag=${tag} onChanged=${() => load(filter)} />`)}</ul>
    ${page.next && html`<div class="people-more"><button class="button" type="button" onClick=${more}>Show more (${count(page.total - page.items.length)})</button></div>`}
  `;
}

/** @param {{ tag: { name: string, count: number, sources: string[], cover: string | null }, onChanged: () => void }} props */
function Tag({ tag, onChanged }) {
  return html`<li class="tag-item">
    <a class="tag-card" href=${searchPath(term("tag", tag.name))} aria-label=${`${tag.name}, ${plural(tag.count, "photo")}`}>
      <span class="tag-cover">${tag.cover ? html`<img src=${fileUrl(tag.cover, "thumbnail", "standin")} alt="" loading="lazy" decoding="async" />` : html`<${Icon} name="tag" size=${24} />`}</span>
      <span class="tag-name">${tag.name}</span><span class="tag-count" aria-hidden="true">${count(tag.count)}</span>
    </a>
    <button class="icon-button tag-edit" type="button" aria-label=${`Rename or merge ${tag.name}`} title="Rename or merge" onClick=${() => askTagName(tag, onChanged)}><${Icon} name="pencil" size=${16} /></button>
  </li>`;
}

/** Tags in which others lie, such as `animals` of `animals/dog`: each finds all of its own. @param {{ tags: { name: string }[] }} props */
function Groups({ tags }) {
  /** @type {Map<string, number>} */
  const groups = new Map();
  for (const { name } of tags) {
    const outer = name.split("/")[0];
    if (outer !== name) groups.set(outer, (groups.get(outer) ?? 0) + 1);
  }
  if (!groups.size) return null;
  return html`<ul class="tag-groups" aria-label="Tags that hold others">${[...groups].sort().map(([name, inside]) => html`<li key=${name}><a class="search-example" href=${searchPath(term("tag", name))} aria-label=${`${name}, ${plural(inside, "tag")} in it`}><${Icon} name="tags" size=${16} /><span>${name}</span><small aria-hidden="true">${plural(inside, "tag")}</small></a></li>`)}</ul>`;
}

/** How far the search for tags is: one line while it runs. */
function Progress() {
  const { steps, paused } = useStore(status);
  const step = steps.find(({ name }) => name === "tags");
  const open = step && !step.waits ? step.pending + step.running : 0;
  if (!step || !open) return null;
  const done = step.done + step.skipped + step.failed + step.ignored;
  return html`<div class="people-progress"><p>${paused ? "Paused: tagged" : "Tagging"} ${count(done)} of ${plural(done + open, "photo")}</p><${Bar} share=${done / (done + open)} label="Tagging" tone=${paused ? "quiet" : ""} /></div>`;
}

function NoTags() {
  const { steps } = useStore(status);
  const waits = steps.find(({ name }) => name === "tags")?.waits ?? "";
  return html`<div class="notice-page">
    <span class="notice-mark"><${Icon} name="tags" size=${32} /></span>
    <h1>No tags yet</h1>
    <p>A tag is a word for what is on a photo. A model finds them by itself; on an open photo (press i) you can add your own.</p>
    ${waits && !isAdmin() && html`<p>The model that finds them is not here yet: ask the admin.</p>`}
    ${isAdmin() && html`<a class=${`button ${waits ? "is-primary" : ""}`} href="/models">Models that find tags</a>`}
  </div>`;
}
