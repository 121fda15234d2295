import { api, fileUrl } from "/static/js/lib/api.js";
import { count, plural } from "/static/js/lib/format.js";
import { Icon } from "/static/js/lib/icon.js";
import { html } from "/static/js/lib/preact.js";
import { Field, Form } from "/static/js/auth/form.js";
import { go } from "/static/js/router.js";
import { showDialog } from "/static/js/ui/dialog.js";

/** @param {{ albums: any[] }} props */
export function AlbumList({ albums }) {
  const known = new Set(albums.map(({ id }) => id));
  const outer = albums.filter(({ parent }) => !known.has(parent));
  return html`
    <header class="people-head">
      <h1>Albums</h1>
      <span class="people-total">${albums.length > 0 && plural(albums.length, "album")}</span>
      <div class="albums-new">
        <a class="button" href="/sharing" aria-label="Links"><${Icon} name="globe" size=${18} /><span>Links</span></a>
        <button class="button is-primary" type="button" aria-label="New album" onClick=${() => askNewAlbum()}><${Icon} name="plus" size=${18} /><span>New album</span></button>
      </div>
    </header>
    ${!albums.length &&
    html`<div class="notice-page">
      <span class="notice-mark"><${Icon} name="bookmark" size=${32} /></span>
      <h1>No albums yet</h1>
      <p>An album holds photos that you choose, or whatever a search finds. Photos are never copied: they stay where they are.</p>
    </div>`}
    <${AlbumCards} albums=${outer} all=${albums} />
  `;
}

/** @param {{ albums: any[], all: any[] }} props all: to count those inside */
export function AlbumCards({ albums, all }) {
  return html`<ul class="tags-grid albums-grid">
    ${albums.map((album) => html`<${AlbumCard} key=${album.id} album=${album} inside=${all.filter(({ parent }) => parent === album.id).length} />`)}
  </ul>`;
}

/** @param {{ album: any, inside: number }} props */
function AlbumCard({ album, inside }) {
  const [icon, label] = audienceOf(album);
  const short = { users: "Family", lock: "Only you" }[icon] ?? label;
  const about = `${album.name}, ${plural(album.count, "photo")}${inside ? `, ${plural(inside, "album")} in it` : ""}. ${label}`;
  return html`<li>
    <a class="tag-card" href=${`/albums/${encodeURIComponent(album.id)}`} aria-label=${about}>
      <span class="tag-cover">${album.cover ? html`<img src=${fileUrl(album.cover, "thumbnail", "standin")} alt="" loading="lazy" decoding="async" />` : html`<${Icon} name=${album.query ? "search" : "images"} size=${24} />`}</span>
      <span class="tag-name" dir="auto">${album.name}</span><span class="tag-count" aria-hidden="true">${count(album.count)}</span>
      <span class="album-audience" aria-hidden="true"><${Icon} name=${icon} size=${14} /><span>${album.role === "owner" ? short : `of ${album.owner || "all"}`}${inside > 0 && html` · ${plural(inside, "album")}`}</span></span>
    </a>
  </li>`;
}

/** Icon and words for who sees an album. @param {any} album @returns {[string, string]} */
export function audienceOf(album) {
  if (album.family) return ["users", album.family === "editor" ? "The family may change it" : "The family sees it"];
  if (album.members.length) return ["user-plus", `Shared with ${album.members.map(({ name }) => name).join(", ")}`];
  return album.role === "owner" ? ["lock", "Only you"] : ["user-plus", "Shared with you"];
}

/** @param {{ parent?: any, onMade?: (album: any) => unknown, action?: string }} [options] */
export function askNewAlbum({ parent, onMade = ({ id }) => go(`/albums/${id}`), action = "Make album" } = {}) {
  const send = async (/** @type {Record<string, string>} */ { name, audience }) => {
    const album = await api.post("/albums", { name, private: audience === "private", ...(parent && { parent: parent.id }) });
    close();
    await onMade(album);
  };
  const close = showDialog(
    parent ? `New album in “${parent.name}”` : "New album",
    html`<${Form} action=${action} onSend=${send}>
      <${Field} label="Name" name="name" autofocus />
      <${Audience} value="private" />
    <//>`,
  );
}

/** @param {{ value: string }} props */
function Audience({ value }) {
  const ways = [
    ["private", "Only you", "You can let people in later, or share it by a link."],
    ["family", "The family", "Everybody in the house sees it, and may change it. Your own photos in it are seen by all."],
  ];
  return html`<fieldset class="share-ways">
    <legend>Who sees it</legend>
    ${ways.map(([name, label, hint]) => html`<label key=${name}><input type="radio" name="audience" value=${name} defaultChecked=${name === value} /><span><strong>${label}</strong><small>${hint}</small></span></label>`)}
  </fieldset>`;
}
