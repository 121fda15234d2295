import { count } from "/static/js/lib/format.js";
import { Icon } from "/static/js/lib/icon.js";
import { html } from "/static/js/lib/preact.js";
import { useStore } from "/static/js/lib/store.js";
import { searchPath } from "/static/js/router.js";
import { without } from "/static/js/lib/query.js";
import { status } from "/static/js/status.js";

const MAKES_FINDABLE = ["metadata", "faces", "embedding", "tags", "ocr"];

/** Nothing was found, honestly, and what may help. @param {{ asked: import("./pages.js").Asked, answer: any }} props */
export function Nothing({ asked, answer }) {
  const { steps } = useStore(status);
  const open = Math.max(0, ...steps.filter(({ name, waits }) => MAKES_FINDABLE.includes(name) && !waits).map(({ pending, running }) => pending + running));
  if (asked.like) {
    return html`<div class="notice-page">
      <span class="notice-mark"><${Icon} name="scan-search" size=${32} /></span>
      <h1>No similar photos</h1>
      <p>${answer.hint || (open ? `${count(open)} photos are still to be looked at.` : "No other photo comes near this one.")}</p>
    </div>`;
  }
  const chips = answer.understood ?? [];
  const shorter = [
    ...chips.map(({ text }) => [text, without(asked.query, text)]),
    ...(chips.length && answer.words ? [[`“${answer.words}”`, chips.map(({ text }) => text).join(" ")]] : []),
  ].filter(([, query]) => query);
  // The note about search by meaning says its hint already.
  const hint = answer.hint && answer.hint !== answer.meaning?.hint ? answer.hint : "Try fewer or other words.";
  return html`<div class="notice-page">
    <span class="notice-mark"><${Icon} name="search" size=${32} /></span>
    <h1>Nothing found for ${quotedOnce(asked.query)}</h1>
    <p>${hint}</p>
    ${open > 0 && html`<p>${count(open)} photos are still being looked through, so there may be more later.</p>`}
    ${shorter.length > 0 && html`<ul class="search-shorter" aria-label="Search again without a part">${shorter.map(([term, query]) => html`<li key=${term}><a class="button is-small" href=${searchPath(query)}><span>Without ${term}</span></a></li>`)}</ul>`}
    <a class="button" href="/search">What can be searched</a>
  </div>`;
}

/** @param {string} query */
const quotedOnce = (query) => `“${query.trim()}”`;
