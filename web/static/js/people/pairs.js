import { api } from "/static/js/lib/api.js";
import { plural } from "/static/js/lib/format.js";
import { html, useEffect, useState } from "/static/js/lib/preact.js";
import { keepApart, merge, nameOr } from "/static/js/people/changes.js";

const SHOWN_FACES = 5;
/** Pairs somebody was not sure of: not asked again until the page is loaded anew. @type {Set<string>} */
const later = new Set();
const keyOf = ({ person, other }) => [person.id, other.id].sort().join();

/**
 * Two people who may be one, side by side.
 * @param {{ pairs: { person: import("./changes.js").Person, other: import("./changes.js").Person, confidence: number }[] }} props
 */
export function Pairs({ pairs }) {
  const [, setPassed] = useState(0);
  const open = pairs.filter((pair) => !later.has(keyOf(pair)));
  if (!open.length) return null;
  const pair = open[0];
  const pass = () => {
    later.add(keyOf(pair));
    setPassed(later.size);
  };
  // The one with a name stays; else the one with more photos.
  const [into, other] = Boolean(pair.person.name) === Boolean(pair.other.name)
    ? pair.person.faces >= pair.other.faces ? [pair.person, pair.other] : [pair.other, pair.person]
    : pair.person.name ? [pair.person, pair.other] : [pair.other, pair.person];
  const answer = async (/** @type {() => Promise<any>} */ run) => {
    later.add(keyOf(pair));
    setPassed(later.size);
    if (!(await run())) later.delete(keyOf(pair));
    setPassed(later.size + 1);
  };
  return html`<section class="pairs" aria-label="Same person?">
    <header><h2>Same person?</h2><span>${open.length > 1 ? `${open.length} to answer` : ""}</span></header>
    <div class="pair">
      <${Side} key=${into.id} person=${into} />
      <${Side} key=${other.id} person=${other} />
    </div>
    <div class="pair-actions">
      <button class="button" type="button" onClick=${() => answer(() => keepApart(into, other))}>No</button>
      <button class="button" type="button" onClick=${pass}>Not sure</button>
      <button class="button is-primary" type="button" onClick=${() => answer(() => merge(into, other))}>Yes, the same</button>
    </div>
  </section>`;
}

/** @param {{ person: import("./changes.js").Person }} props */
function Side({ person }) {
  const [faces, setFaces] = useState(/** @type {any[]} */ ([]));
  useEffect(() => {
    const stop = new AbortController();
    api.get(`/people/${person.id}/faces?limit=${SHOWN_FACES + 1}`, stop.signal).then(({ items }) => setFaces(items), () => null); // the cover is there already
    return () => stop.abort();
  }, [person.id]);
  const others = faces.filter(({ id }) => id !== person.cover_face).slice(0, SHOWN_FACES);
  return html`<a class="pair-side" href=${`/people/${person.id}`}>
    <span class="cover is-large">${person.thumbnail_url && html`<img src=${person.thumbnail_url} alt="" />`}</span>
    <span class="pair-words"><strong>${nameOr(person, "No name yet")}</strong><span>${plural(person.faces, "photo")}</span></span>
    <span class="pair-faces">${others.map(({ id, thumbnail_url: source }) => html`<img key=${id} src=${source} alt="" />`)}</span>
  </a>`;
}
