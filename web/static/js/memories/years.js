// Somebody through the years: the best picture of each, and how old they were.
import { api, fileUrl } from "/static/js/lib/api.js";
import { plural } from "/static/js/lib/format.js";
import { Icon } from "/static/js/lib/icon.js";
import { html } from "/static/js/lib/preact.js";
import { openAmong } from "/static/js/search/pile.js";
import { renditionVersion } from "/static/js/timeline/flags.js";

/** @param {string} memory person-<id> @returns {Promise<{ person: any, files: any[] }>} */
export async function loadYears(memory) {
  const id = encodeURIComponent(memory.slice("person-".length));
  const [person, { items }] = await Promise.all([api.get(`/people/${id}`), api.get(`/memories/${encodeURIComponent(memory)}/files?limit=200`)]);
  return { person, files: items };
}

/** @param {{ person: any, files: any[] }} props files: the first year first */
export function Years({ person, files }) {
  return html`
    <header class="people-head trash-head">
      <a class="icon-button" href="/" aria-label="All photos"><${Icon} name="arrow-left" /></a>
      <h1>${person.name} through the years</h1>
      <span class="people-total">${plural(files.length, "year")}</span>
      <div class="trash-actions"><a class="button" href=${`/people/${person.id}`}><${Icon} name="user" size=${18} />All photos</a></div>
    </header>
    <ul class="years-grid">
      ${files.map((file) => {
        const year = file.start.slice(0, 4);
        const age = ageOf(file, person);
        return html`<li key=${file.id}>
          <button type="button" aria-label=${[year, age].filter(Boolean).join(", ")} onClick=${() => openAmong(files, file.id)}>
            <img src=${fileUrl(file.id, "preview", renditionVersion(file.thumbhash, 0))} alt="" loading="lazy" decoding="async" />
            <span class="event-words"><strong>${year}</strong>${age && html`<span>${age}</span>`}</span>
          </button>
        </li>`;
      })}
    </ul>
  `;
}

/** @param {any} file @param {any} person */
function ageOf(file, person) {
  const years = file.faces.find((/** @type {any} */ face) => face.person?.id === person.id)?.person.age_years;
  return years === null || years === undefined ? "" : `${plural(years, "year")} old`;
}
