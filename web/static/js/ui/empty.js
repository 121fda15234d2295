import { Icon } from "/static/js/lib/icon.js";
import { count } from "/static/js/lib/format.js";
import { html } from "/static/js/lib/preact.js";
import { isAdmin } from "/static/js/lib/session.js";
import { useStore } from "/static/js/lib/store.js";
import { status } from "/static/js/status.js";
import { togglePanel } from "/static/js/ui/panels.js";

/** No photos yet: says why, and what to do about it. */
export function Empty() {
  const { libraries, librariesKnown } = useStore(status);
  const scanning = libraries.filter((library) => library.status === "scanning");
  const frozen = libraries.find((library) => library.status === "frozen");
  const found = libraries.reduce((sum, library) => sum + library.files, 0);
  if (scanning.length) {
    return html`<div class="notice-page" role="status">
      <span class="notice-mark is-busy"><${Icon} name="images" size=${32} /></span>
      <h1>Looking through ${scanning.map(({ name }) => name).join(" and ")}</h1>
      <p>${found ? `${count(found)} found so far.` : "Photos appear here as soon as they are found."}</p>
    </div>`;
  }
  if (frozen) {
    return html`<div class="notice-page" role="status">
      <span class="notice-mark"><${Icon} name="snowflake" size=${32} /></span>
      <h1>${frozen.name} is on hold</h1>
      <p>${frozen.reason} ${frozen.hint}</p>
      <button class="button is-primary" type="button" onClick=${() => togglePanel("activity", true)}>Show details</button>
    </div>`;
  }
  const hasFolder = libraries.some((library) => library.kind === "folder");
  return html`<div class="notice-page">
    <span class="notice-mark"><${Icon} name="images" size=${32} /></span>
    <h1>No photos yet</h1>
    <p>${hasFolder && librariesKnown ? "The folders added so far hold no photos or videos. Add another, or upload some." : "Homeroll shows the photos of a folder where they are, or keeps those you upload."}</p>
    <div class="notice-actions">
      ${isAdmin() && html`<button class="button is-primary" type="button" onClick=${() => togglePanel("activity", true)}><${Icon} name="folder-plus" size=${18} />Add a folder</button>`}
      <button class=${`button ${isAdmin() ? "" : "is-primary"}`} type="button" onClick=${() => togglePanel("upload", true)}><${Icon} name="upload" size=${18} />Upload photos</button>
    </div>
  </div>`;
}
