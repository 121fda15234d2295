// Places: the map, the photos of what is clicked on it, and the tree of countries, regions and towns.
import { api, fileUrl, request } from "/static/js/lib/api.js";
import { calmly, el } from "/static/js/lib/dom.js";
import { count, plural } from "/static/js/lib/format.js";
import { setTitle } from "/static/js/lib/house.js";
import { Icon } from "/static/js/lib/icon.js";
import { html, render } from "/static/js/lib/preact.js";
import { term } from "/static/js/lib/query.js";
import { gridOfPages } from "/static/js/events/list.js";
import { AreaTool } from "/static/js/places/area.js";
import { AreaBar } from "/static/js/places/bar.js";
import { PhotoMap } from "/static/js/places/map.js";
import { searchPath } from "/static/js/router.js";
import { Failure } from "/static/js/ui/failure.js";
import { toast, toastError } from "/static/js/ui/toast.js";

const MOST_OF_A_CLICK = 400; // more are better looked at nearer by

/** @param {HTMLElement} holder */
export async function openPage(holder) {
  const canvas = /** @type {HTMLCanvasElement} */ (el("canvas", { class: "map", tabindex: "0", role: "img", "aria-label": "Map of your photos. Arrows move it, plus and minus zoom; under it are buttons to choose an area, and a list of every place." }));
  const buttons = el("div", { class: "map-buttons" });
  const frame = el("div", { class: "map-frame" }, canvas, buttons);
  const bar = el("div");
  const picked = el("div", { class: "map-picked" });
  const head = el("div");
  const list = el("div");
  const root = el("div", { class: "places-page" }, head, frame, bar, picked, list);
  holder.replaceChildren(root);
  setTitle("Places");
  /** @type {Awaited<ReturnType<typeof gridOfPages>> | null} */
  let grid = null;
  const map = new PhotoMap(canvas, { onPick: (box, files) => show(box, files) });
  const clear = () => {
    grid?.destroy();
    grid = null;
    render(null, picked);
  };

  const tool = new AreaTool(map, { onChange: () => drawBar(), onFind: () => find() });
  const drawBar = () => render(html`<${AreaBar} tool=${tool} mode=${tool.mode} corners=${tool.corners.length} closed=${tool.closed} km=${tool.km} />`, bar);

  async function show(/** @type {number[]} */ box, /** @type {number} */ files) {
    if (files > MOST_OF_A_CLICK && map.zoom < 15) {
      map.fit(box);
      return;
    }
    const where = `bbox=${box.map((value) => value.toFixed(6)).join(",")}`;
    await listed("Here", (offset, limit, signal) => api.get(`/map/files?${where}&limit=${limit}&offset=${offset}`, signal));
  }

  /** What lies in the area that was chosen. */
  function find() {
    if (tool.mode === "area") {
      const polygon = tool.corners.map(([longitude, latitude]) => [Number(longitude.toFixed(6)), Number(latitude.toFixed(6))]);
      return listed("In this area", (offset, limit, signal) => request("/map/files", { method: "POST", body: { polygon, limit, offset }, signal }));
    }
    const [longitude, latitude] = tool.middle;
    const where = `near=${latitude.toFixed(6)},${longitude.toFixed(6)}&km=${tool.km}`;
    return listed(`Within ${tool.km} km, the nearest first`, (offset, limit, signal) => api.get(`/map/files?${where}&limit=${limit}&offset=${offset}`, signal));
  }

  /** @param {string} title @param {Parameters<typeof gridOfPages>[0]} pages */
  async function listed(title, pages) {
    clear();
    try {
      grid = await gridOfPages(pages, "relevance");
      if (!grid.months.total) {
        clear();
        toast("No photo was taken there.");
        return;
      }
      render(html`<header class="people-head trash-head"><h2>${title}</h2><span class="people-total">${plural(grid.months.total, "photo")}</span><div class="trash-actions"><button class="button" type="button" onClick=${clear}>Close</button></div></header>`, picked);
      picked.append(grid.root);
      grid.view.measure();
      grid.view.draw();
      picked.scrollIntoView({ block: "nearest", behavior: calmly() });
    } catch (error) {
      toastError(/** @type {any} */ (error));
    }
  }

  try {
    const { items } = await api.get("/places");
    const total = items.reduce((/** @type {number} */ sum, /** @type {any} */ country) => sum + country.count, 0);
    const all = await api.get("/map?zoom=2");
    frame.hidden = !all.total;
    render(html`<header class="people-head"><h1>Places</h1><span class="people-total">${all.total > 0 && plural(all.total, "photo")}</span></header>`, head);
    render(html`<button class="icon-button" type="button" aria-label="Nearer" onClick=${() => map.zoomAt(map.zoom + 1)}><${Icon} name="plus" /></button><button class="icon-button" type="button" aria-label="Farther" onClick=${() => map.zoomAt(map.zoom - 1)}><${Icon} name="minus" /></button>`, buttons);
    render(total ? html`<${Tree} countries=${items} />` : html`<${NoPlaces} />`, list);
    if (all.total) drawBar();
    map.resize();
    if (all.total) map.fit([Math.min(...all.longitude), Math.min(...all.latitude), Math.max(...all.longitude), Math.max(...all.latitude)]);
  } catch (error) {
    render(html`<${Failure} error=${error} onRetry=${() => openPage(holder)} />`, head);
  }
  return {
    get timeline() {
      return grid;
    },
    destroy() {
      clear();
      map.destroy();
      render(null, head);
      render(null, list);
      render(null, buttons);
      render(null, bar);
      root.remove();
    },
  };
}

function Tree({ countries }) {
  return html`<ul class="place-tree">
    ${countries.map(
      (country) => html`<li key=${country.name}>
        <details open=${countries.length < 8}>
          <summary><${Cover} id=${country.cover} /><strong>${country.name || "Elsewhere"}</strong><span>${count(country.count)}</span></summary>
          <ul>
            ${country.regions.map(
              (region) => html`<li key=${region.name}>
                <a class="place-region" href=${searchPath(term("place", region.name || country.name))}>${region.name || country.name}<span>${count(region.count)}</span></a>
                <ul class="place-cities">
                  ${region.cities.map((city) => html`<li key=${city.name}><a class="place-city" href=${searchPath(term("place", city.name))} aria-label=${`${city.name}, ${plural(city.count, "photo")}`}><${Cover} id=${city.cover} />${city.name}<span>${count(city.count)}</span></a></li>`)}
                </ul>
              </li>`,
            )}
          </ul>
        </details>
      </li>`,
    )}
  </ul>`;
}

function Cover({ id }) {
  return html`<span class="place-cover">${id && html`<img src=${fileUrl(id, "thumbnail", "standin")} alt="" loading="lazy" decoding="async" />`}</span>`;
}

function NoPlaces() {
  return html`<div class="notice-page">
    <span class="notice-mark"><${Icon} name="map" size=${32} /></span>
    <h1>No places yet</h1>
    <p>Photos that know where they were taken stand on a map here. You can also place photos by hand: choose them on the timeline, then “Place”.</p>
  </div>`;
}
