// Albums: all of them as cards (`/albums`), and one with its photos in its order (`/albums/<id>`).
import { api } from "/static/js/lib/api.js";
import { announce } from "/static/js/lib/dom.js";
import { plural } from "/static/js/lib/format.js";
import { setTitle } from "/static/js/lib/house.js";
import { html, render } from "/static/js/lib/preact.js";
import { AlbumHead } from "/static/js/albums/head.js";
import { AlbumList } from "/static/js/albums/list.js";
import { actionsOf } from "/static/js/albums/actions.js";
import { Frame } from "/static/js/search/frame.js";
import { Results } from "/static/js/search/results.js";
import { clearChosen } from "/static/js/timeline/chosen.js";

/** @param {HTMLElement} holder @param {import("../router.js").Route} route */
export async function openPage(holder, route) {
  const frame = new Frame(holder, "search-page albums-page", ["FileChanged", "reconnected"]);
  const { top } = frame;

  /** @param {import("../router.js").Route} now */
  async function show(now) {
    const isShown = frame.begin();
    try {
      await (now.id ? showOne(now.id, isShown) : showAll(isShown));
    } catch (error) {
      if (!isShown()) return;
      render(null, top);
      frame.fail(error, () => show(now));
    }
  }

  /** @param {() => boolean} isShown */
  async function showAll(isShown) {
    const { items } = await api.get("/albums");
    if (!isShown()) return;
    setTitle("Albums");
    render(null, top);
    frame.say(html`<div class="tags-page"><${AlbumList} albums=${items} /></div>`);
  }

  /** @param {string} id @param {() => boolean} isShown */
  async function showOne(id, isShown) {
    const path = `/albums/${encodeURIComponent(id)}`;
    let [album, { items: albums }] = await Promise.all([api.get(path), api.get("/albums")]);
    const results = new Results(askerOf(path), "relevance");
    await results.refresh();
    if (!isShown()) return;
    frame.clear();
    setTitle(album.name);
    const inside = () => albums.filter((/** @type {any} */ other) => other.parent === album.id);
    const draw = () => render(html`<${AlbumHead} album=${album} albums=${albums} shown=${results.total} onChanged=${changed} />`, top);
    /** @param {any} [next] the album as the server has it now */
    async function changed(next) {
      [album, { items: albums }] = [next ?? (await api.get(path)), await api.get("/albums")];
      clearChosen();
      await results.refresh();
      if (!isShown()) return;
      drawBody();
      draw();
    }
    function drawBody() {
      if (!results.total) {
        frame.say(html`<div class="notice-page"><h1>${inside().length ? "No photos of its own" : "Nothing in it yet"}</h1><p>Choose photos anywhere (hold one, or press x on it) and put them in with “Add to album”.</p></div>`);
      } else if (frame.grid) frame.grid.changed();
      else frame.open(results, { actions: actionsOf(() => album, changed) }).view.addEventListener("refreshed", renew);
    }
    /** Its order, its cover or how many it holds may be others now. */
    async function renew() {
      album = await api.get(path).catch(() => album); // offline: what was known stays
      if (!isShown()) return;
      draw();
      if (!results.total) drawBody();
    }
    draw();
    drawBody();
    announce(`${album.name}, ${plural(results.total, "photo")}`);
    frame.again = async () => {
      await results.refresh().catch(() => null); // offline: asked again with the next message
      if (isShown()) drawBody();
    };
  }

  await show(route);
  return frame.page(show);
}

/** Parts of an album by their place. @param {string} path */
function askerOf(path) {
  return async (/** @type {number} */ offset, /** @type {number} */ limit, /** @type {AbortSignal | undefined} */ signal) => {
    const page = await api.get(`${path}/files?limit=${limit}&offset=${offset}`, signal);
    return { total: page.total, items: page.items.map((/** @type {any} */ file) => ({ file, score: 1 })) };
  };
}
