// Where chosen photos go in an album: before the photo that is clicked next, or to its end.
import { announce } from "/static/js/lib/dom.js";
import { html, render } from "/static/js/lib/preact.js";

/**
 * @param {string[]} ids those that are moved
 * @returns {Promise<string | null | undefined>} before which they go; null: to the end; undefined: nowhere
 */
export function choosePlace(ids) {
  const bar = document.createElement("div");
  bar.className = "place-bar";
  bar.setAttribute("role", "status");
  document.getElementById("overlays")?.append(bar);
  const ended = new AbortController();
  const options = { capture: true, signal: ended.signal };
  const asked = "Choose the photo before which they go.";
  return new Promise((resolve) => {
    /** @param {string | null | undefined} before */
    const done = (before) => {
      ended.abort();
      render(null, bar);
      bar.remove();
      resolve(before);
    };
    /** @param {Event} event @param {any} tile */
    const take = (event, tile) => {
      event.preventDefault();
      event.stopPropagation();
      if (!ids.includes(tile.id)) done(tile.id);
    };
    const tileOf = (/** @type {Event} */ event) => /** @type {any} */ (/** @type {HTMLElement} */ (event.target).closest?.("a.tile"))?.tile;
    document.addEventListener("click", (event) => tileOf(event) && take(event, tileOf(event)), options);
    document.addEventListener(
      "keydown",
      (event) => {
        if (event.key === "Enter" && tileOf(event)) take(event, tileOf(event));
        if (event.key !== "Escape") return;
        event.stopPropagation();
        done(undefined);
      },
      options,
    );
    addEventListener("popstate", () => done(undefined), options);
    render(
      html`<span>${asked}</span>
        <button class="button is-small" type="button" onClick=${() => done(null)}>To the end</button>
        <button class="button is-small is-plain" type="button" onClick=${() => done(undefined)}>Cancel</button>`,
      bar,
    );
    announce(asked);
  });
}
