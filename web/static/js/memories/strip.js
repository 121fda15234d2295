// What was photographed on this day in other years: a strip over the timeline, away for the day when somebody closes it.
import { api, fileUrl } from "/static/js/lib/api.js";
import { plural } from "/static/js/lib/format.js";
import { Icon } from "/static/js/lib/icon.js";
import { html, useEffect, useState } from "/static/js/lib/preact.js";

const KEY = "homeroll.memories.closed";

/** The day where the person is, not where the machine is. */
function today() {
  const now = new Date();
  return `${now.getFullYear()}-${String(now.getMonth() + 1).padStart(2, "0")}-${String(now.getDate()).padStart(2, "0")}`;
}

/** Those of today, if nobody closed them; none where they cannot be had. @returns {Promise<any[]>} */
export async function memoriesOfToday() {
  if (localStorage.getItem(KEY) === today()) return [];
  return api.get(`/memories?day=${today()}`).then(({ items }) => items, () => []); // no memories are no trouble
}

/** @param {{ found: any[], onSized: () => void }} props found: as of the start of the page */
export function Memories({ found, onSized }) {
  const [items, setItems] = useState(found);
  useEffect(onSized, [items.length]);
  if (!items.length) return null;
  const close = () => {
    localStorage.setItem(KEY, today());
    setItems([]);
  };
  return html`<section class="memories" aria-label="Memories">
    <header><h2>On this day</h2><button class="icon-button" type="button" aria-label="No memories today" title="Not today" onClick=${close}><${Icon} name="x" size=${18} /></button></header>
    <ul>
      ${items.map(
        (memory) => html`<li key=${memory.id}>
          <a class="memory-card" href=${`/memories/${memory.id}`} aria-label=${`${memory.title}, ${memory.subtitle}, ${plural(memory.count, "photo")}`}>
            <img src=${fileUrl(memory.covers[0], "preview", "standin")} alt="" decoding="async" />
            <span class="event-words"><strong>${memory.title}</strong><span>${memory.subtitle}</span></span>
          </a>
        </li>`,
      )}
    </ul>
  </section>`;
}
