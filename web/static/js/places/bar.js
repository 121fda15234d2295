// What is under the map while an area is chosen on it: what to do, in words, and buttons for those who do not draw.
import { Icon } from "/static/js/lib/icon.js";
import { html } from "/static/js/lib/preact.js";
import { DISTANCES } from "/static/js/places/area.js";

/** @param {{ tool: import("./area.js").AreaTool, mode: string, corners: number, closed: boolean, km: number }} props */
export function AreaBar({ tool, mode, corners, closed, km }) {
  if (!mode) {
    return html`<div class="map-bar">
      <button class="button is-small" type="button" onClick=${() => tool.start("area")}><${Icon} name="shapes" size=${16} />Draw an area</button>
      <button class="button is-small" type="button" onClick=${() => tool.start("near")}><${Icon} name="circle-dot" size=${16} />Near a place</button>
    </div>`;
  }
  const far = (/** @type {Event} */ event) => tool.reach(Number(/** @type {HTMLSelectElement} */ (event.target).value));
  return html`<div class="map-bar is-open">
    ${mode === "area"
      ? html`<p role="status">${words(corners, closed)} <span class="only-keys">Keys: arrows move the map, <kbd>Space</kbd> puts a corner at the cross, <kbd>Backspace</kbd> takes it back, <kbd>Enter</kbd> shows the photos.</span></p>
          <button class="button is-small" type="button" onClick=${() => tool.corner()}><${Icon} name="plus" size=${16} />Corner at the cross</button>
          <button class="button is-small" type="button" disabled=${!corners} onClick=${() => tool.back()}><${Icon} name="rotate-ccw" size=${16} />Take back</button>
          <button class="button is-small is-primary" type="button" disabled=${corners < 3 || closed} onClick=${() => tool.finish()}>Show photos</button>`
      : html`<p role="status">Move the map, or tap it, until the cross is where you mean. <span class="only-keys">Keys: arrows move the map, <kbd>[</kbd> <kbd>]</kbd> nearer and farther, <kbd>Enter</kbd> shows the photos.</span></p>
          <label class="map-far">Within <select aria-label="Distance" onChange=${far}>${DISTANCES.map((one) => html`<option key=${one} value=${one} selected=${one === km}>${one} km</option>`)}</select></label>
          <button class="button is-small is-primary" type="button" onClick=${() => tool.finish()}>Show photos</button>`}
    <button class="button is-small is-plain" type="button" onClick=${() => tool.start("")}>Cancel</button>
  </div>`;
}

/** @param {number} corners @param {boolean} closed */
function words(corners, closed) {
  if (closed) return "This is the area. Draw again for another.";
  if (corners > 2) return `${corners} corners.`;
  return corners ? `${corners} of at least 3 corners.` : "Draw around what you mean, or tap its corners. Two fingers zoom.";
}
