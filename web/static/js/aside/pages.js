// What was put away without being thrown away: archived (`/archive`), or hidden (`/hidden`), and the way back.
import { api } from "/static/js/lib/api.js";
import { announce } from "/static/js/lib/dom.js";
import { plural } from "/static/js/lib/format.js";
import { setTitle } from "/static/js/lib/house.js";
import { Icon } from "/static/js/lib/icon.js";
import { html, render } from "/static/js/lib/preact.js";
import { byCursor } from "/static/js/search/cursors.js";
import { Frame } from "/static/js/search/frame.js";
import { Results } from "/static/js/search/results.js";
import { ACTIONS, edit } from "/static/js/select/actions.js";

const WAYS = {
  archive: {
    title: "Archive",
    icon: "archive",
    mark: "archived",
    lead: "Off the timeline and out of memories; search, people and albums still show them.",
    none: "Nothing is archived",
    how: "What should stay, but not among the photos of every day, can be archived: choose photos, then “Archive”.",
    ask: () => (/** @type {number} */ offset, /** @type {number} */ limit, /** @type {AbortSignal | undefined} */ signal) => api.get(`/search?q=${encodeURIComponent("archived:")}&limit=${limit}&offset=${offset}`, signal),
  },
  hidden: {
    title: "Hidden",
    icon: "eye-off",
    mark: "hidden",
    lead: "Shown nowhere but here: in no list, no search, no album and no link.",
    none: "Nothing is hidden",
    how: "What nobody wants to come across can be hidden: choose photos, then “More” and “Hide”. What is nobody else’s business is better locked away.",
    ask: () => byCursor("/files?hidden=true"),
  },
};

/** @param {HTMLElement} holder @param {import("../router.js").Route} route */
export async function openPage(holder, route) {
  const frame = new Frame(holder, "search-page aside-page", ["FileChanged", "reconnected"]);
  const way = WAYS[/** @type {keyof typeof WAYS} */ (route.name)];
  setTitle(way.title);
  const back = {
    name: "show-again",
    icon: "archive-restore",
    label: "Back to the photos",
    main: true,
    run: (/** @type {any} */ { ids, say }) => say(`${plural(ids.length, "photo")} on the timeline again.`, () => edit(ids, { [way.mark]: false })),
  };
  const actions = [back, ...ACTIONS.filter(({ name }) => ["album", "trash"].includes(name) && (name === "trash" || route.name === "archive"))];

  async function show() {
    const isShown = frame.begin();
    const results = new Results(way.ask(), "relevance");
    try {
      await results.refresh();
    } catch (error) {
      if (isShown()) frame.fail(error, show);
      return;
    }
    if (!isShown()) return;
    const draw = () => {
      render(html`<${Head} way=${way} total=${results.total} />`, frame.top);
      if (!results.total) frame.say(html`<div class="notice-page"><span class="notice-mark"><${Icon} name=${way.icon} size=${32} /></span><h1>${way.none}</h1><p>${way.how}</p></div>`);
      else if (!frame.grid) frame.open(results, { actions }).view.addEventListener("refreshed", draw);
    };
    draw();
    announce(`${way.title}, ${plural(results.total, "photo")}`);
    frame.again = async () => {
      await results.refresh().catch(() => null); // offline: asked again with the next message
      if (!isShown()) return;
      if (frame.grid) frame.grid.changed();
      else draw();
    };
  }

  await show();
  return frame.page(show);
}

/** @param {{ way: typeof WAYS.archive | typeof WAYS.hidden, total: number }} props */
function Head({ way, total }) {
  return html`<header class="search-head album-head">
      <div class="album-name"><h1>${way.title}</h1><p class="album-about">${plural(total, "photo")}</p></div>
      <nav class="tabs" aria-label="What was put away">${Object.entries(WAYS).map(([name, { title }]) => html`<a key=${name} href=${`/${name}`} aria-current=${title === way.title ? "page" : undefined}>${title}</a>`)}</nav>
    </header>
    ${total > 0 && html`<p class="search-note">${way.lead}</p>`}`;
}
