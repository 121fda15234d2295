// What this Homeroll is called, and the title of the page, which ends with it.
import { createStore } from "/static/js/lib/store.js";

export const house = createStore("Homeroll");

let shown = "";

/** What the page shows; "" for all photos. */
export const titled = () => shown;

/** @param {string} [words] what the page shows; without them, all photos */
export function setTitle(words = "") {
  shown = words;
  document.title = words ? `${words} · ${house.get()}` : house.get();
}

house.watch(() => setTitle(shown));
