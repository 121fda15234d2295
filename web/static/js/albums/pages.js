// Albums: all of them as cards (`/albums`), and one with its photos in its order (`/albums/<id>`).
import { api } from "/static/js/lib/api.js";
import { announce, el } from "/static/js/lib/dom.js";
import { plural } from "/static/js/lib/format.js";
import { onMessage } from "/static/js/lib/messages.js";
import { html, render } from "/static/js/lib/preact.js";
import { AlbumHead } from "/static/js/albums/head.js";
import { AlbumList } from "/static/js/albums/list.js";
import { actionsOf } from "/static/js/albums/actions.js";
import { createGrid } from "/static/js/search/grid.js";
import { Results } from "/static/js/search/results.js";
import { Failure } from "/static/js/ui/failure.js";
import { clearChosen } from "/static/js/timeline/chosen.js";

const CALM_MS = 2500;

/** @param {HTMLElement} holder @param {import("../router.js").Route} route */
export async function openPage(holder, route) {
  const top = el("div", { class: "search-top" });
  const body = el("div", { class: "search-body" });
  const root = el("div", { class: "search-page albums-page" }, top, body);
  holder.replaceChildren(root);
  /** @type {ReturnType<typeof createGrid> | null} */
  let grid = null;
  let run = 0;
  let timer = 0;
  let again = async () => {};
  const soon = () => {
    clearTimeout(timer);
    timer = setTimeout(() => again(), CALM_MS);
  };
  const deaf = ["FileChanged", "reconnected"].map((name) => onMessage(name, soon));
  const sized = new ResizeObserver(() => grid?.view.measure());
  sized.observe(top);
  const clear = () => {
    grid?.destroy();
    grid = null;
    render(null, body);
  };

  /** @param {import("../router.js").Route} now */
  async function show(now) {
    const mine = ++run;
    again = async () => {};
    try {
      await (now.id ? showOne(now.id, mine) : showAll(mine));
    } catch (error) {
      if (mine !== run) return;
      clear();
      render(null, top);
      render(html`<${Failure} error=${error} onRetry=${() => show(now)} />`, body);
    }
  }

  /** @param {number} mine */
  async function showAll(mine) {
    const { items } = await api.get("/albums");
    if (mine !== run) return;
    clear();
    document.title = "Albums · Homeroll";
    render(null, top);
    render(html`<div class="tags-page"><${AlbumList} albums=${items} /></div>`, body);
  }

  /** @param {string} id @param {number} mine */
  async function showOne(id, mine) {
    const path = `/albums/${encodeURIComponent(id)}`;
    let [album, { items: albums }] = await Promise.all([api.get(path), api.get("/albums")]);
    const results = new Results(askerOf(path), "relevance");
    await results.refresh();
    if (mine !== run) return;
    clear();
    document.title = `${album.name} · Homeroll`;
    const inside = () => albums.filter((/** @type {any} */ other) => other.parent === album.id);
    const draw = () => render(html`<${AlbumHead} album=${album} albums=${albums} shown=${results.total} onChanged=${changed} />`, top);
    /** @param {any} [next] the album as the server has it now */
    async function changed(next) {
      [album, { items: albums }] = [next ?? (await api.get(path)), await api.get("/albums")];
      clearChosen();
      await results.refresh();
      if (mine !== run) return;
      drawBody();
      draw();
    }
    function drawBody() {
      if (!results.total) {
        clear();
        render(html`<div class="notice-page"><h1>${inside().length ? "No photos of its own" : "Nothing in it yet"}</h1><p>Choose photos anywhere (hold one, or press x on it) and put them in with “Add to album”.</p></div>`, body);
      } else if (grid) grid.changed();
      else openGrid();
    }
    function openGrid() {
      render(null, body);
      grid = createGrid(results, { actions: actionsOf(() => album, changed) });
      body.append(grid.root);
      grid.view.measure();
      grid.view.draw();
    }
    draw();
    drawBody();
    announce(`${album.name}, ${plural(results.total, "photo")}`);
    again = async () => {
      await results.refresh().catch(() => null); // offline: asked again with the next message
      if (mine === run) drawBody();
    };
  }

  await show(route);
  return {
    get timeline() {
      return grid;
    },
    update: show,
    destroy() {
      run += 1;
      clearTimeout(timer);
      for (const stop of deaf) stop();
      sized.disconnect();
      clear();
      render(null, top);
      root.remove();
    },
  };
}

/** Parts of an album by their place; its pages go by cursors, which are asked for one after the other. @param {string} path */
function askerOf(path) {
  /** @type {Map<number, string>} where the page after so many photos begins */
  const cursors = new Map();
  return async (/** @type {number} */ offset, /** @type {number} */ limit, /** @type {AbortSignal | undefined} */ signal) => {
    if (!offset) cursors.clear();
    const wanted = offset ? (cursors.get(offset) ?? btoa(String(offset)).replace(/=+$/, "")) : "";
    const page = await api.get(`${path}/files?limit=${limit}${wanted && `&cursor=${encodeURIComponent(wanted)}`}`, signal);
    if (page.next) cursors.set(offset + page.items.length, page.next);
    return { total: page.total, items: page.items.map((/** @type {any} */ file) => ({ file, score: 1 })) };
  };
}
