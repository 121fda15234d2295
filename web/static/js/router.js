// Which page the address names, and going from one to the other without loading anything again.
import { createStore } from "/static/js/lib/store.js";

/** @typedef {"photos" | "people" | "person" | "search" | "tags" | "duplicates" | "trash" | "archive" | "hidden" | "events" | "event" | "places" | "memory" | "settings" | "models" | "albums" | "album" | "locked" | "sharing" | "users" | "sessions" | "requests"} PageName */
/** @typedef {{ name: PageName, id: string, query: URLSearchParams, path: string, back?: boolean }} Route path: with what follows its `?`; back: come to by back or forward */

const NAMES = /** @type {PageName[]} */ (["people", "search", "tags", "duplicates", "trash", "archive", "hidden", "events", "places", "settings", "models", "albums", "locked", "sharing", "users", "sessions", "requests"]);
const OURS = /^\/(people(\/[^/?]+)?|search(\?.*)?|tags|duplicates|trash|archive|hidden|events(\/[^/?]+)?|places|memories\/[^/?]+|settings|models|albums(\/[^/?]+)?|locked|sharing|users|sessions|requests)?$/;

/** @param {string} path @returns {Route} */
function routeOf(path) {
  const [address, asked = ""] = path.split("?");
  const [, first, id] = address.split("/");
  const query = new URLSearchParams(asked);
  if (first === "albums" && id) return { name: "album", id: decodeURIComponent(id), query, path };
  if (first === "people" && id) return { name: "person", id: decodeURIComponent(id), query, path };
  if (first === "events" && id) return { name: "event", id: decodeURIComponent(id), query, path };
  if (first === "memories" && id) return { name: "memory", id: decodeURIComponent(id), query, path };
  const name = NAMES.find((page) => page === first);
  return name ? { name, id: "", query, path } : { name: "photos", id: "", query, path: "/" };
}

const hereNow = () => location.pathname + (location.pathname === "/search" ? location.search : "");

/** The page under an opened photo is the one it was opened from. */
const basePath = () => (location.pathname.startsWith("/photo/") ? (history.state?.base ?? "/") : hereNow());

/** @param {string} query @param {Record<string, string>} [more] */
export function searchPath(query, more = {}) {
  const asked = new URLSearchParams({ ...(query && { q: query }), ...more }).toString();
  return asked ? `/search?${asked}` : "/search";
}

export const route = createStore(routeOf(basePath()));

/** Show another page. @param {string} path @param {{ replace?: boolean }} [options] replace: going back skips this one */
export function go(path, { replace = false } = {}) {
  if (path !== hereNow()) history[replace ? "replaceState" : "pushState"](null, "", path);
  follow();
}

function follow(back = false) {
  const next = routeOf(basePath());
  if (next.path !== route.get().path) route.set({ ...next, back });
}

/**
 * Follow links to our pages and the browser's back and forward.
 * @param {() => void} onPhoto the address names a photo again, as after going back to one
 */
export function startRouter(onPhoto) {
  addEventListener("popstate", () => {
    follow(true);
    if (location.pathname.startsWith("/photo/") && !document.querySelector(".pswp")) onPhoto();
  });
  document.addEventListener("click", (event) => {
    if (event.defaultPrevented || event.button !== 0 || event.ctrlKey || event.metaKey || event.shiftKey || event.altKey) return;
    const link = /** @type {HTMLElement} */ (event.target).closest?.("a[href]");
    const path = link?.getAttribute("href") ?? "";
    if (!OURS.test(path)) return;
    event.preventDefault();
    go(path);
  });
}
