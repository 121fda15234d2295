// The photos of one memory.
import { el } from "/static/js/lib/dom.js";
import { dateName, plural } from "/static/js/lib/format.js";
import { setTitle } from "/static/js/lib/house.js";
import { Icon } from "/static/js/lib/icon.js";
import { html, render } from "/static/js/lib/preact.js";
import { gridOf } from "/static/js/events/list.js";
import { loadYears, Years } from "/static/js/memories/years.js";
import { go } from "/static/js/router.js";
import { Failure } from "/static/js/ui/failure.js";

/** @param {HTMLElement} holder @param {import("../router.js").Route} route */
export async function openPage(holder, { id }) {
  const head = el("div");
  const root = el("div", { class: "memory-page" }, head);
  holder.replaceChildren(root);
  /** @type {Awaited<ReturnType<typeof gridOf>> | null} */
  let grid = null;
  const page = {
    get timeline() {
      return grid;
    },
    destroy() {
      grid?.destroy();
      render(null, head);
      root.remove();
    },
  };
  try {
    if (id.startsWith("person-")) {
      const { person, files } = await loadYears(id);
      setTitle(`${person.name} through the years`);
      render(html`<${Years} person=${person} files=${files} />`, head);
      return page;
    }
    grid = await gridOf(`/memories/${encodeURIComponent(id)}/files`);
    const trip = id.startsWith("trip-");
    const newest = grid.months.list[0]?.columns?.start[0] ?? "";
    const day = trip ? newest.slice(0, 10) : id.slice(4, 14);
    const title = trip ? `A trip until ${dateName(day)}` : id.endsWith("-1") ? dateName(day) : `The week of ${dateName(day)}`;
    setTitle(title);
    render(
      html`<header class="people-head trash-head">
        <a class="icon-button" href="/" aria-label="All photos"><${Icon} name="arrow-left" /></a>
        <h1>${title}</h1>
        <span class="people-total">${plural(grid.months.total, "photo")}</span>
      </header>`,
      head,
    );
    root.append(grid.root);
    grid.view.measure();
    grid.view.draw();
  } catch (error) {
    render(html`<${Failure} error=${error} onRetry=${() => go("/")} retry="All photos" />`, head);
  }
  return page;
}
