// What can be done with chosen photos so that others see them, or nobody does.
import { api } from "/static/js/lib/api.js";
import { plural } from "/static/js/lib/format.js";
import { Icon } from "/static/js/lib/icon.js";
import { html, useEffect, useState } from "/static/js/lib/preact.js";
import { askNewAlbum } from "/static/js/albums/list.js";
import { askLink } from "/static/js/sharing/form.js";
import { showDialog } from "/static/js/ui/dialog.js";

/** @typedef {import("../select/actions.js").Chosen} Chosen */

const photos = (/** @type {string[]} */ ids) => plural(ids.length, "photo");

/** @param {Chosen} chosen */
export const chooseAlbum = ({ ids, say }) => {
  const put = async (/** @type {any} */ album) => {
    close();
    await say(`${photos(ids)} put into “${album.name}”.`, () => api.post(`/albums/${encodeURIComponent(album.id)}/files`, { ids }));
  };
  const make = () => {
    close();
    askNewAlbum({ onMade: put, action: "Make it and put them in" });
  };
  const close = showDialog(`Add ${photos(ids)} to an album`, html`<${Albums} onChoose=${put} onNew=${make} />`);
};

/** @param {Chosen} chosen */
export const shareByLink = ({ ids }) => askLink({ files: ids, name: photos(ids) });

/** @param {Chosen} chosen */
export const shareWithFamily = ({ ids, say }) => say(`The family sees ${photos(ids)}.`, () => api.post("/files/shared", { ids, shared: true }));

/** @param {Chosen} chosen */
export const unshare = ({ ids, say }) => say(`Only you see ${photos(ids)}.`, () => api.post("/files/shared", { ids, shared: false }));

/** @param {Chosen} chosen */
export const lockAway = ({ ids, say }) => say(`${photos(ids)} locked away: found under “Locked” in your menu.`, () => api.post("/locked/files", { ids }));

/** @param {{ onChoose: (album: any) => unknown, onNew: () => void }} props */
function Albums({ onChoose, onNew }) {
  const [albums, setAlbums] = useState(/** @type {any[] | null} */ (null));
  useEffect(() => {
    api.get("/albums").then(({ items }) => setAlbums(items.filter((/** @type {any} */ { query, role }) => !query && role !== "viewer")), () => setAlbums([]));
  }, []);
  return html`<ul class="choose-albums">
    <li><button type="button" onClick=${onNew}><${Icon} name="plus" size=${18} />New album</button></li>
    ${albums?.map((album) => html`<li key=${album.id}><button type="button" onClick=${() => onChoose(album)}><${Icon} name="bookmark" size=${18} /><span>${album.name}</span><small>${plural(album.count, "photo")}</small></button></li>`)}
    ${!albums && html`<li class="panel-wait"><span class="spinner"></span></li>`}
  </ul>`;
}
