import { api } from "/static/js/lib/api.js";
import { plural } from "/static/js/lib/format.js";
import { Icon } from "/static/js/lib/icon.js";
import { html } from "/static/js/lib/preact.js";
import { Field, Form } from "/static/js/auth/form.js";
import { AlbumCards, askNewAlbum, audienceOf } from "/static/js/albums/list.js";
import { askPeople } from "/static/js/albums/people.js";
import { askLink } from "/static/js/sharing/form.js";
import { go, searchPath } from "/static/js/router.js";
import { showDialog } from "/static/js/ui/dialog.js";
import { toast, toastError } from "/static/js/ui/toast.js";

const ORDERS = [
  ["newest", "Newest first"],
  ["oldest", "Oldest first"],
  ["hand", "By hand"],
];

/**
 * What an album is called, who sees it, and what can be done with it.
 * @param {{ album: any, albums: any[], shown: number, onChanged: (album?: any) => unknown }} props
 */
export function AlbumHead({ album, albums, shown, onChanged }) {
  const may = { change: album.role !== "viewer", share: album.role === "owner" };
  const path = `/albums/${encodeURIComponent(album.id)}`;
  const way = above(album, albums);
  const inside = albums.filter((other) => other.parent === album.id);
  const [icon, audience] = audienceOf(album);
  const change = (/** @type {Record<string, unknown>} */ changes) => api.patch(path, changes).then(onChanged, toastError);
  return html`
    <nav class="album-way" aria-label="Where it lies"><a href="/albums">Albums</a>${way.map((outer) => html`<span aria-hidden="true">›</span><a key=${outer.id} href=${`/albums/${encodeURIComponent(outer.id)}`}>${outer.name}</a>`)}</nav>
    <header class="search-head album-head">
      <div class="album-name"><h1 dir="auto">${album.name}</h1>
      <p class="album-about"><span>${plural(shown, "photo")}</span><span><${Icon} name=${icon} size=${16} />${audience}</span>${album.role !== "owner" && album.owner && html`<span>of ${album.owner}</span>`}</p></div>
      <div class="search-actions">
        ${may.share && !album.query && html`<button class="button" type="button" onClick=${() => askLink({ album: album.id, name: album.name, canUpload: true })}><${Icon} name="globe" size=${18} /><span>Link</span></button>`}
        ${may.share && album.user && html`<button class="button" type="button" onClick=${() => askPeople(album, onChanged)}><${Icon} name="user-plus" size=${18} /><span>People</span></button>`}
        ${may.change && !album.query && html`<select class="album-order" aria-label="Order" onChange=${(/** @type {any} */ event) => change({ sorting: event.target.value })}>${ORDERS.map(([value, label]) => html`<option key=${value} value=${value} selected=${album.sorting === value}>${label}</option>`)}</select>`}
        ${may.share && !album.query && html`<button class="icon-button" type="button" aria-label="New album in this one" title="New album in this one" onClick=${() => askNewAlbum({ parent: album })}><${Icon} name="folder-plus" /></button>`}
        ${may.change && html`<button class="icon-button" type="button" aria-label="Name and place" title="Name, and where it lies" onClick=${() => askChange(album, albums, onChanged)}><${Icon} name="pencil" /></button>`}
        ${may.share && html`<button class="icon-button" type="button" aria-label="Remove the album" title="Remove the album" onClick=${() => remove(album)}><${Icon} name="trash-2" /></button>`}
        ${!may.share && !album.family && html`<button class="button" type="button" onClick=${() => leave(album)}>Leave</button>`}
      </div>
    </header>
    ${album.query && html`<p class="search-note">Holds what this search finds: <a href=${searchPath(album.query)}>${album.query}</a></p>`}
    ${inside.length > 0 && html`<${AlbumCards} albums=${inside} all=${albums} />`}
  `;
}

/** The albums around an album, the outermost first. @param {any} album @param {any[]} albums @returns {any[]} */
function above(album, albums) {
  const outer = albums.find(({ id }) => id === album.parent);
  return outer ? [...above(outer, albums), outer] : [];
}

/** @param {any} album @param {any[]} albums @param {(album: any) => unknown} onChanged */
function askChange(album, albums, onChanged) {
  const send = async (/** @type {Record<string, string>} */ { name, query, parent }) => {
    const changes = { name, ...(album.query && { query }), ...(parent !== undefined && { parent: parent || null }) };
    await onChanged(await api.patch(`/albums/${encodeURIComponent(album.id)}`, changes));
    close();
  };
  // An album lies in one of the same owner, who shares both, and never in itself.
  const around = albums.filter((other) => !other.query && other.role === "owner" && other.user === album.user && other.id !== album.id && !above(other, albums).some(({ id }) => id === album.id));
  const close = showDialog(
    "Change the album",
    html`<${Form} action="Save" onSend=${send}>
      <${Field} label="Name" name="name" value=${album.name} autofocus />
      ${album.query && html`<${Field} label="What it finds" name="query" value=${album.query} hint="As in the search field." />`}
      ${album.role === "owner" && (around.length > 0 || album.parent) && html`<div class="field"><label for="album-parent">Lies in</label><div class="field-box"><select id="album-parent" name="parent"><option value="">no other album</option>${around.map(({ id, name }) => html`<option key=${id} value=${id} selected=${id === album.parent}>${[...above(albums.find((one) => one.id === id), albums).map((outer) => outer.name), name].join(" › ")}</option>`)}</select></div></div>`}
    <//>`,
  );
}

/** @param {any} album */
async function remove(album) {
  try {
    await api.delete(`/albums/${encodeURIComponent(album.id)}`);
    const { items } = await api.get("/journal?noun=album&limit=1");
    go(album.parent ? `/albums/${album.parent}` : "/albums");
    const undo = () => api.post(`/journal/${items[0].id}/undo`).then(() => go(`/albums/${album.id}`), toastError);
    toast(`“${album.name}” is no album any more. Its photos stay.`, { action: { label: "Undo", run: undo } });
  } catch (error) {
    toastError(/** @type {any} */ (error));
  }
}

/** @param {any} album */
async function leave(album) {
  try {
    await api.post(`/albums/${encodeURIComponent(album.id)}/leave`);
    go("/albums");
  } catch (error) {
    toastError(/** @type {any} */ (error));
  }
}
