// Which page the address names, and going from one to the other without loading anything again.
import { createStore } from "/static/js/lib/store.js";

/** @typedef {{ name: "photos" | "people" | "person", id: string, path: string }} Route */

/** @param {string} path @returns {Route} */
function routeOf(path) {
  const [, first, id] = path.split("/");
  if (first === "people") return id ? { name: "person", id: decodeURIComponent(id), path } : { name: "people", id: "", path };
  return { name: "photos", id: "", path: "/" };
}

/** The page under an opened photo is the one it was opened from. */
const basePath = () => (location.pathname.startsWith("/photo/") ? (history.state?.base ?? "/") : location.pathname);

export const route = createStore(routeOf(basePath()));

/** Show another page. @param {string} path */
export function go(path) {
  if (path !== location.pathname) history.pushState(null, "", path);
  follow();
}

function follow() {
  const next = routeOf(basePath());
  if (next.path !== route.get().path) route.set(next);
}

/**
 * Follow links to our pages and the browser's back and forward.
 * @param {() => void} onPhoto the address names a photo again, as after going back to one
 */
export function startRouter(onPhoto) {
  addEventListener("popstate", () => {
    follow();
    if (location.pathname.startsWith("/photo/") && !document.querySelector(".pswp")) onPhoto();
  });
  document.addEventListener("click", (event) => {
    if (event.defaultPrevented || event.button !== 0 || event.ctrlKey || event.metaKey || event.shiftKey || event.altKey) return;
    const link = /** @type {HTMLElement} */ (event.target).closest?.("a[href]");
    const path = link?.getAttribute("href") ?? "";
    if (!/^\/(people(\/[^/]+)?)?$/.test(path)) return;
    event.preventDefault();
    go(path);
  });
}
