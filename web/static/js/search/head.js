import { api, fileUrl } from "/static/js/lib/api.js";
import { count, plural } from "/static/js/lib/format.js";
import { Icon } from "/static/js/lib/icon.js";
import { html } from "/static/js/lib/preact.js";
import { go, searchPath } from "/static/js/router.js";
import { SaveSearch } from "/static/js/search/albums.js";
import { MeaningNote } from "/static/js/search/meaning.js";
import { openAmong } from "/static/js/search/pile.js";
import { without } from "/static/js/lib/query.js";
import { MOST_BY_DATE } from "/static/js/search/results.js";
import { toastError } from "/static/js/ui/toast.js";

const KINDS = {
  person: ["user", "Person"],
  place: ["map-pin", "Place"],
  tag: ["tag", "Tag"],
  camera: ["camera", "Camera"],
  album: ["bookmark", "Album"],
  text: ["scan-text", "Text"],
  caption: ["captions", "Caption"],
  description: ["text-quote", "Description"],
  name: ["file-text", "Name"],
  folder: ["folder", "Folder"],
  year: ["calendar", "Year"],
  month: ["calendar", "Month"],
  date: ["calendar", "Date"],
  when: ["calendar", "When"],
  before: ["calendar", "Before"],
  after: ["calendar", "After"],
  rating: ["star", "Stars"],
  kind: ["images", "Kind"],
  has: ["check", "Has"],
  favourite: ["heart", "Favourite"],
  archived: ["folder", "Archived"],
};

/**
 * How much was found, what was understood, in which order it stands, and what can be done with it.
 * @param {{ asked: import("./pages.js").Asked, answer: any, shown: number, news?: number, onNews?: () => void }} props answer: null while it is on its way; news: how many more there are now
 */
export function Head({ asked, answer, shown, news = 0, onNews }) {
  const chips = answer?.understood ?? [];
  return html`
    ${(!answer || shown > 0 || answer.total > 0) &&
    html`<header class="search-head">
      <h1>${!answer ? "Searching…" : asked.like ? "Similar photos" : plural(answer.total, "photo")}</h1>
      ${news > 0 && html`<button class="button is-small" type="button" onClick=${onNews}><${Icon} name="refresh-cw" size=${16} />${count(news)} more</button>`}
      ${shown > 0 &&
      html`<div class="search-actions">
        ${!asked.like &&
        html`<div class="tabs" role="group" aria-label="Order">
          <button type="button" aria-pressed=${String(asked.order === "relevance")} onClick=${() => reorder(asked, "relevance")}>Best first</button>
          <button type="button" aria-pressed=${String(asked.order === "date")} onClick=${() => reorder(asked, "date")}>By date</button>
        </div>`}
        ${asked.query && html`<${SaveSearch} query=${asked.query} />`}
      </div>`}
    </header>`}
    ${asked.like && html`<${Like} id=${asked.like} found=${shown > 0} />`}
    ${chips.length > 0 && html`<ul class="search-chips" aria-label="Understood as">${chips.map((chip) => html`<${Chip} key=${chip.text} chip=${chip} asked=${asked} />`)}${answer.words && html`<li class="search-words">“${answer.words}”</li>`}</ul>`}
    ${asked.order === "date" && answer?.total > MOST_BY_DATE && html`<p class="search-note">The best ${count(MOST_BY_DATE)} of ${count(answer.total)} by date.</p>`}
    ${shown > 0 && answer?.hint && html`<p class="search-note">${answer.hint}</p>`}
    ${answer && !asked.like && answer.meaning && !answer.meaning.available && answer.words && html`<${MeaningNote} meaning=${answer.meaning} />`}
  `;
}

/** The same question in another order. @param {import("./pages.js").Asked} asked @param {"relevance" | "date"} order */
function reorder({ query }, order) {
  go(searchPath(query, order === "date" ? { order } : {}), { replace: true });
}

/** @param {{ chip: { text: string, kind: string, value: string, negated: boolean, known: boolean }, asked: import("./pages.js").Asked }} props */
function Chip({ chip, asked }) {
  const [icon, kind] = KINDS[chip.kind] ?? ["search", chip.kind];
  const words = chip.kind === "favourite" || chip.kind === "archived" ? (chip.value === "no" ? `Not ${kind.toLowerCase()}` : kind) : chip.value || "…";
  const spoken = `${chip.negated ? "without " : ""}${kind} ${words}`;
  const drop = () => go(searchPath(without(asked.query, chip.text), asked.order === "date" ? { order: "date" } : {}));
  return html`<li class=${`search-chip ${chip.known ? "" : "is-unknown"} ${chip.negated ? "is-negated" : ""}`} title=${chip.known ? kind : `${kind}: not on the photos that you see`}>
    <${Icon} name=${chip.known ? icon : "circle-alert"} size=${16} />
    <span><span class="visually-hidden">${kind} </span>${chip.negated && html`<em>not </em>`}${words}</span>
    <button type="button" aria-label=${`Remove ${spoken}`} title="Remove" onClick=${drop}><${Icon} name="x" size=${14} /></button>
  </li>`;
}

/** The photo that the others are like. @param {{ id: string, found: boolean }} props */
function Like({ id, found }) {
  const open = async () => openAmong([await api.get(`/files/${encodeURIComponent(id)}`)], id).catch(toastError);
  return html`<p class="search-like"><button type="button" aria-label="Open the photo they are compared with" onClick=${open}><img src=${fileUrl(id, "thumbnail", "standin")} alt="" /></button><span>${found ? "Like this photo, the most similar first." : "Compared with this photo."}</span></p>`;
}
