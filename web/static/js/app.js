// Puts the library page together: bar, timeline, rail, panels, people. Each part is independent; this file only introduces them.
import { isMissingPart } from "/static/js/lib/api.js";
import { announce, el, isTyping } from "/static/js/lib/dom.js";
import { setTitle } from "/static/js/lib/house.js";
import { connection, connectMessages, onMessage } from "/static/js/lib/messages.js";
import { html, render } from "/static/js/lib/preact.js";
import { panel, Panels, togglePanel } from "/static/js/ui/panels.js";
import { Banner } from "/static/js/ui/banner.js";
import { Empty } from "/static/js/ui/empty.js";
import { Failure } from "/static/js/ui/failure.js";
import { showHelp } from "/static/js/ui/help.js";
import { toastError, Toasts } from "/static/js/ui/toast.js";
import { Topbar } from "/static/js/ui/topbar.js";
import { createTimeline } from "/static/js/timeline/timeline.js";
import { monthName, monthShort, plural } from "/static/js/lib/format.js";
import { openLinkedPhoto, openPhoto } from "/static/js/open.js";
import { addDropTarget } from "/static/js/drop.js";
import { route, startRouter } from "/static/js/router.js";
import { startStatus } from "/static/js/status.js";
import { timelineState } from "/static/js/timeline/state.js";
import { startWaiting } from "/static/js/waiting.js";

const SLOW_MS = 300; // a page that comes sooner needs no word about it

/** @param {HTMLElement} root */
export async function startApp(root) {
  const timeline = createTimeline({ onOpen: (id) => openPhoto(timeline, id) });
  const bar = el("header", { class: "topbar" });
  const banner = el("div", { class: "banners" });
  const empty = el("div", { class: "empty-holder" });
  const pages = el("div", { class: "page-holder" });
  const memories = el("div", { class: "memories-holder" });
  const main = el("main", { id: "main", tabindex: "-1" }, empty, memories, timeline.root, pages);
  const panels = el("div");
  const toasts = el("div");
  const skip = el("a", { class: "skip-link", href: "#main" }, "Skip to the photos");
  const wait = el("div", { class: "page-wait", role: "status" });
  root.replaceChildren(skip, bar, banner, main, timeline.rail, panels, wait, toasts);

  render(html`<${Topbar} />`, bar);
  render(html`<${Banner} />`, banner);
  render(html`<${Toasts} />`, toasts);
  render(html`<${Panels} />`, panels);

  const drawEmpty = () => {
    const shown = route.get().name === "photos";
    empty.hidden = !shown;
    timeline.root.hidden = !shown || !timeline.months.total;
    memories.hidden = timeline.root.hidden;
    render(timeline.months.total ? null : html`<${Empty} />`, empty);
    timelineState.set({ ...timelineState.get(), total: timeline.months.total });
  };
  timeline.view.addEventListener("refreshed", drawEmpty);
  timeline.view.addEventListener("moved", () => nameMonth(timeline));

  const pageSwitch = createPageSwitch({ timeline, pages, wait, drawEmpty });
  connectMessages();
  startStatus();
  startWaiting();
  addDropTarget();
  onMessage("LibraryChanged", () => timeline.refreshSoon());
  addShortcuts();
  startRouter(() => pageSwitch.ready().then((shown) => openLinkedPhoto(shown, true)));
  timeline.root.hidden = true; // until it is known what stands over it: nothing moves under a finger
  const strip = drawMemories(memories, () => timeline.view.measure());
  await Promise.all([timeline.start(), pageSwitch.ready(), Promise.race([strip, new Promise((resolve) => setTimeout(resolve, SLOW_MS))])]);
  drawEmpty();
  if (route.get().name === "photos") announce(plural(timeline.months.total, "photo"));
  if (location.pathname === "/activity") togglePanel("activity", true);
  await openLinkedPhoto(await pageSwitch.ready());
}

/** @param {HTMLElement} holder @param {() => void} onSized */
async function drawMemories(holder, onSized) {
  try {
    const { Memories, memoriesOfToday } = await import("/static/js/memories/strip.js");
    render(html`<${Memories} found=${await memoriesOfToday()} onSized=${onSized} />`, holder);
  } catch (error) {
    toastError(/** @type {any} */ (error));
  }
}

const people = () => import("/static/js/people/pages.js");
const events = () => import("/static/js/events/pages.js");
const aside = () => import("/static/js/aside/pages.js");
const settings = () => import("/static/js/models/pages.js");
/** @type {Record<string, () => Promise<{ openPage: (holder: HTMLElement, route: any, options: any) => Promise<any> }>>} */
const PAGES = {
  people,
  person: people,
  search: () => import("/static/js/search/pages.js"),
  tags: () => import("/static/js/tags/pages.js"),
  albums: () => import("/static/js/albums/pages.js"),
  album: () => import("/static/js/albums/pages.js"),
  locked: () => import("/static/js/locked/pages.js"),
  sharing: () => import("/static/js/sharing/pages.js"),
  sessions: () => import("/static/js/sessions/pages.js"),
  users: () => import("/static/js/users/pages.js"),
  duplicates: () => import("/static/js/duplicates/pages.js"),
  archive: aside,
  hidden: aside,
  trash: () => import("/static/js/trash/pages.js"),
  events,
  event: events,
  places: () => import("/static/js/places/pages.js"),
  memory: () => import("/static/js/memories/pages.js"),
  settings,
  models: settings,
  requests: () => import("/static/js/requests/pages.js"),
};

/** Shows the page that the route names. The timeline of all photos stays where it is while another page is before it. */
function createPageSwitch({ timeline, pages, wait, drawEmpty }) {
  const places = new Map();
  /** @type {{ timeline?: any, update?: (route: any) => Promise<void>, destroy: () => void } | null} */
  let page = null;
  let pageName = "";
  let last = route.get();
  /** @type {Promise<any>} */
  let ready = Promise.resolve(timeline);

  async function show(now) {
    const { openPage } = now.name === "photos" ? { openPage: null } : await PAGES[now.name]();
    if (now !== route.get()) return timeline;
    if (page?.update && pageName === now.name) {
      await page.update(now);
      scrollTo(0, places.get(now.path) ?? 0);
      return page.timeline ?? timeline;
    }
    page?.destroy();
    page = null;
    pageName = now.name;
    timeline.show(now.name === "photos");
    drawEmpty();
    timelineState.set({ ...timelineState.get(), month: "" });
    setTitle();
    const opened = openPage && (await openPage(pages, now, { nameMonth }));
    if (now !== route.get()) {
      opened?.destroy(); // somebody has gone on meanwhile
      return timeline;
    }
    page = opened;
    scrollTo(0, places.get(now.path) ?? 0);
    return page?.timeline ?? timeline;
  }
  /** The page says itself that it is not here, and comes by itself once it can. */
  function fail(error) {
    page?.destroy();
    pageName = "";
    timeline.show(false);
    drawEmpty();
    const root = el("div");
    // Some browsers remember for as long as the page lives that a part of it was missing.
    const again = () => (isMissingPart(error) && connection.get().state === "live" ? location.reload() : change(route.get()));
    const deaf = onMessage("reconnected", again);
    pages.replaceChildren(root);
    render(html`<${Failure} error=${error} onRetry=${again} />`, root);
    page = {
      destroy() {
        deaf();
        render(null, root);
        root.remove();
      },
    };
  }
  const change = (/** @type {import("./router.js").Route} */ now) => {
    places.set(last.path, scrollY);
    if (now.name === "person" || (now.name === "search" && !now.back)) places.delete(now.path);
    last = now;
    const slow = setTimeout(() => {
      if (!pages.textContent && !pages.querySelector(".spinner")) render(html`<span class="spinner"></span>Loading`, wait);
    }, SLOW_MS);
    const here = show(now).catch((error) => {
      if (now === route.get()) fail(error);
      return timeline;
    });
    ready = here.finally(() => {
      clearTimeout(slow);
      if (now === last) render(null, wait);
    });
  };
  route.watch(change);
  if (last.name !== "photos") change(last);
  return { /** @returns {Promise<any>} the timeline of the page shown */ ready: () => ready };
}

/** The bar names the month on screen once its heading has scrolled away. */
function nameMonth({ months, view }) {
  const scrolled = view.y > 40 && months.list.length > 0;
  const month = scrolled ? (innerWidth < 1100 ? monthShort : monthName)(months.list[months.positionAt(view.y + 48)].month) : "";
  if (timelineState.get().month !== month) timelineState.set({ ...timelineState.get(), month });
}

function addShortcuts() {
  addEventListener("keydown", (event) => {
    if (isTyping(event) || event.ctrlKey || event.metaKey || event.altKey || document.querySelector(".pswp, dialog[open]")) return;
    if (event.key === "?") showHelp();
    else if (event.key === "a") togglePanel("activity");
    else if (event.key === "u") togglePanel("upload");
    else if (event.key === "Escape" && panel.get()) panel.set(null);
    else return;
    event.preventDefault();
  });
}
