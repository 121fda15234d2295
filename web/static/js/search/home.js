import { api, fileUrl } from "/static/js/lib/api.js";
import { count, plural } from "/static/js/lib/format.js";
import { Icon } from "/static/js/lib/icon.js";
import { html, useEffect, useState } from "/static/js/lib/preact.js";
import { searchPath } from "/static/js/router.js";
import { term } from "/static/js/lib/query.js";

const FEW = 8;

/** @param {string} path @returns {Promise<any[]>} none where it cannot be had: these are only examples */
const listOf = (path) => api.get(path).then(({ items }) => items, () => []);

/** What this library can be asked for, with examples that are in it. */
export function Home() {
  const [known, setKnown] = useState(/** @type {any} */ (null));
  useEffect(() => {
    let current = true;
    const suggested = (/** @type {string} */ operator) => listOf(`/search/suggest?q=${encodeURIComponent(`${operator}:`)}&limit=${FEW}`);
    Promise.all([
      listOf(`/people?named=true&limit=${FEW}`),
      suggested("place"),
      listOf(`/tags?limit=${FEW}`),
      suggested("year"),
      suggested("camera"),
      listOf("/albums"),
    ]).then(([people, places, tags, years, cameras, albums]) => current && setKnown({ people, places, tags, years, cameras, albums }));
    return () => {
      current = false;
    };
  }, []);
  if (!known) return html`<div class="panel-wait"><span class="spinner"></span></div>`;
  const { people, places, tags, years, cameras, albums } = known;
  const nothing = ![people, places, tags, years, cameras].some((list) => list.length);
  return html`<div class="search-home">
    <header class="search-head"><h1>Search</h1></header>
    ${!nothing && html`<p class="search-lead">Type what is on the photo, a word that is written on it, or any of these. <span class="only-keys">Press <kbd>/</kbd> from anywhere.</span></p>`}
    ${nothing && html`<div class="notice-page is-near"><span class="notice-mark"><${Icon} name="search" size=${32} /></span><h1>Nothing to search yet</h1><p>Once there are photos, their people, places, tags and years stand here.</p></div>`}
    ${albums.length > 0 && html`<${Row} title="Albums">${albums.map((album) => html`<${Example} key=${album.id} icon="bookmark" cover=${album.cover} text=${album.name} files=${album.count} query=${album.query || term("album", album.name)} />`)}<//>`}
    ${people.length > 0 &&
    html`<${Row} title="People" more="/people">
      ${people.map((person) => html`<li key=${person.id}><a class="search-person" href=${searchPath(term("person", person.name))}><span class="cover">${person.thumbnail_url && html`<img src=${person.thumbnail_url} alt="" loading="lazy" />`}</span><span>${person.name}</span></a></li>`)}
    <//>`}
    ${places.length > 0 && html`<${Row} title="Places">${places.map(({ text, insert, count: files }) => html`<${Example} key=${insert} icon="map-pin" text=${text} files=${files} query=${insert} />`)}<//>`}
    ${tags.length > 0 && html`<${Row} title="What is on them" more="/tags">${tags.map(({ name, count: files, cover }) => html`<${Example} key=${name} icon="tag" cover=${cover} text=${name} files=${files} query=${term("tag", name)} />`)}<//>`}
    ${years.length > 0 && html`<${Row} title="When">${years.map(({ text, insert, count: files }) => html`<${Example} key=${insert} icon="calendar" text=${text} files=${files} query=${insert} />`)}<//>`}
    ${cameras.length > 1 && html`<${Row} title="Cameras">${cameras.map(({ text, insert, count: files }) => html`<${Example} key=${insert} icon="camera" text=${text} files=${files} query=${insert} />`)}<//>`}
    ${!nothing && html`<${Together} known=${known} />`}
  </div>`;
}

function Row({ title, more = "", children }) {
  return html`<section class=${`search-row ${title === "People" ? "is-people" : ""}`}>
    <h2>${title}${more && html`<a href=${more}>All</a>`}</h2>
    <ul>${children}</ul>
  </section>`;
}

/** @param {{ icon: string, text: string, query: string, files?: number | null, cover?: string | null }} props */
function Example({ icon, text, query, files = null, cover = null }) {
  return html`<li>
    <a class="search-example" href=${searchPath(query)} aria-label=${files ? `${text}, ${plural(files, "photo")}` : text}>
      ${cover ? html`<img src=${fileUrl(cover, "thumbnail", "standin")} alt="" loading="lazy" />` : html`<${Icon} name=${icon} size=${16} />`}<span dir="auto">${text}</span>${files !== null && html`<small aria-hidden="true">${count(files)}</small>`}
    </a>
  </li>`;
}

/** Words put together, made of what is there. */
function Together({ known: { people, places, tags, years } }) {
  const rows = [
    people[0] && years[0] && [`${term("person", people[0].name)} ${years[0].insert}`, `${people[0].name} in ${years[0].text}`],
    tags[0] && places[0] && [`${term("tag", tags[0].name)} ${places[0].insert}`, `${tags[0].name} in ${places[0].text}`],
    tags[1] && [`-${term("tag", tags[1].name)}`, `everything but ${tags[1].name}`],
    years.length > 1 && [`before:${years[0].text}`, `before ${years[0].text}`],
    ["has:text", "with something to read on it"],
    ["kind:video", "only videos"],
    ["rating:>=4", "four stars and more"],
  ].filter(Boolean);
  return html`<section class="search-row is-table">
    <h2>Put together</h2>
    <dl>${rows.map(([query, meaning]) => html`<div key=${query}><dt><a href=${searchPath(query)}><code>${query}</code></a></dt><dd>${meaning}</dd></div>`)}</dl>
  </section>`;
}
