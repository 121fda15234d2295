// The parts of looking through what is there too often: copies, series, and what was thrown away.
import { count } from "/static/js/lib/format.js";
import { html } from "/static/js/lib/preact.js";

const KINDS = [
  ["copy", "Copies"],
  ["sequence", "Series"],
];

/** @param {{ here: string, totals?: Record<string, number>, trashed: number, onShow?: (kind: string) => unknown }} props onShow: on the page of duplicates itself */
export function ReviewTabs({ here, totals = {}, trashed, onShow }) {
  const number = (/** @type {number | undefined} */ many) => Boolean(many) && html`<span class="tab-count">${count(many ?? 0)}</span>`;
  return html`<nav class="tabs" aria-label="What to look through">
    ${onShow ? KINDS.map(([name, title]) => html`<button type="button" key=${name} aria-pressed=${String(here === name)} onClick=${() => onShow(name)}>${title}${number(totals[name])}</button>`) : html`<a href="/duplicates"><span>Duplicates${number(totals.copy)}</span></a>`}
    <a href="/trash" aria-current=${here === "trash" ? "page" : undefined}><span>Trash${number(trashed)}</span></a>
  </nav>`;
}
