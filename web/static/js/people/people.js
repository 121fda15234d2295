import { count, plural, timeLeft } from "/static/js/lib/format.js";
import { Icon } from "/static/js/lib/icon.js";
import { html, useEffect, useRef, useState } from "/static/js/lib/preact.js";
import { useStore } from "/static/js/lib/store.js";
import { namePerson, nameOr, toggleFavourite, toggleHidden, toggleStranger } from "/static/js/people/changes.js";
import { loadMore, loadPeople, people, setShowHidden } from "/static/js/people/data.js";
import { More } from "/static/js/people/more.js";
import { NameField } from "/static/js/people/name.js";
import { Pairs } from "/static/js/people/pairs.js";
import { status } from "/static/js/status.js";
import { Bar } from "/static/js/ui/bar.js";
import { Failure } from "/static/js/ui/failure.js";
import { togglePanel } from "/static/js/ui/panels.js";

/** Everyone on the photos: those with a name, then groups without one, the largest first. */
export function PeoplePage() {
  const now = useStore(people);
  if (now.error && !now.loaded) return html`<${Failure} error=${now.error} onRetry=${loadPeople} />`;
  if (!now.loaded) return html`<div class="panel-wait"><span class="spinner"></span></div>`;
  const nobody = !now.named.length && !now.groups.length;
  return html`
    <header class="people-head">
      <h1>People</h1>
      <span class="people-total">${now.named.length > 0 && plural(now.named.length, "person", "people")}</span>
      <button class="button is-small" type="button" aria-pressed=${String(now.showHidden)} onClick=${() => setShowHidden(!now.showHidden)}>
        <${Icon} name=${now.showHidden ? "eye" : "eye-off"} size=${16} />${now.showHidden ? "Leave out hidden" : "Show hidden"}
      </button>
    </header>
    ${!nobody && html`<${Progress} />`}
    <${Pairs} pairs=${now.pairs} />
    ${nobody && html`<${Nobody} />`}
    ${now.named.length > 0 && html`<${Group} key="named" title="" list=${now.named} />`}
    ${now.groups.length > 0 &&
    html`<${Group} key="groups" title=${now.named.length ? "Who is this?" : ""} hint="Name a group once, and the whole family finds its photos." list=${now.groups} />
      ${now.next && html`<div class="people-more"><button class="button" type="button" onClick=${loadMore}>Show more (${count(now.groupsTotal - now.groups.length)})</button></div>`}`}
    ${now.showHidden && html`<${Group} key="hidden" title="Hidden" list=${now.hidden} empty="Nobody is hidden." /><${Group} key="strangers" title="Strangers" list=${now.strangers} empty="Nobody was marked as a stranger." />`}
  `;
}

function Group({ title, hint = "", list, empty = "" }) {
  return html`<section class="people-group">
    ${title && html`<h2>${title}</h2>`}
    ${hint && html`<p class="people-hint">${hint}</p>`}
    ${!list.length && empty && html`<p class="people-hint">${empty}</p>`}
    <ul class="people-grid">${list.map((person) => html`<${Card} key=${person.id} person=${person} />`)}</ul>
  </section>`;
}

/** @param {{ person: import("./changes.js").Person }} props */
function Card({ person }) {
  const [naming, setNaming] = useState(false);
  const root = useRef(/** @type {HTMLElement | null} */ (null));
  const focusCover = () => /** @type {HTMLElement | null | undefined} */ (root.current?.querySelector(".person-cover"))?.focus({ preventScroll: true });
  useEffect(() => {
    const runs = { n: () => setNaming(true), f: () => toggleFavourite(person), h: () => toggleHidden(person), x: () => toggleStranger(person) };
    const heard = (/** @type {any} */ event) => runs[event.detail]();
    const node = root.current;
    node?.addEventListener("shortcut", heard);
    return () => node?.removeEventListener("shortcut", heard);
  }, [person]);
  const named = async (name, chosen) => {
    setNaming(false);
    focusCover();
    await namePerson(person, name, chosen);
  };
  const photos = plural(person.faces, "photo");
  return html`<li class="person-card" ref=${root}>
    <a class="person-cover" href=${`/people/${person.id}`} aria-label=${`${nameOr(person, "Somebody without a name")}, ${photos}`}>
      <span class="cover">${person.thumbnail_url && html`<img src=${person.thumbnail_url} alt="" loading="lazy" decoding="async" />`}</span>
      ${person.favourite && html`<span class="person-mark" aria-hidden="true"><${Icon} name="heart" size=${15} /></span>`}
      ${person.private && html`<span class="person-mark is-private" aria-hidden="true"><${Icon} name="lock" size=${14} /></span>`}
    </a>
    ${naming
      ? html`<${NameField} initial=${person.name} label="Who is this?" except=${person.id} onDone=${named} onCancel=${() => (setNaming(false), focusCover())} />`
      : html`<button class=${`person-name ${person.name ? "" : "is-open"}`} type="button" title=${person.name ? "Rename" : "Add a name"} onClick=${() => setNaming(true)}>${person.name || "Add a name"}</button>`}
    <span class="person-count">${photos}</span>
    <${More} label=${`More for ${nameOr(person, "this person")}`} items=${actionsOf(person, () => setNaming(true))} />
  </li>`;
}

/** @param {import("./changes.js").Person} person @param {() => void} rename */
export function actionsOf(person, rename) {
  return [
    { icon: "pencil", text: person.name ? "Rename" : "Add a name", run: rename },
    { icon: "heart", text: person.favourite ? "Not a favourite" : "Favourite", run: () => toggleFavourite(person) },
    { icon: person.hidden ? "eye" : "eye-off", text: person.hidden ? "Show again" : "Hide", run: () => toggleHidden(person) },
    { icon: "user-x", text: person.ignored ? "Not a stranger" : "A stranger", run: () => toggleStranger(person) },
  ];
}

/** How far the search for faces is: one line while it runs. */
function useFaces() {
  const now = useStore(status);
  const step = now.steps.find(({ name }) => name === "faces");
  const open = step ? step.pending + step.running : 0;
  const done = step ? step.done + step.skipped + step.failed + step.ignored : 0;
  const grouping = now.jobs.some(({ name, status: state }) => name === "cluster_faces" && state === "running");
  return { known: Boolean(step), open, done, total: done + open, left: step?.seconds_left ?? null, grouping, paused: now.paused };
}

function Progress() {
  const { open, done, total, left, grouping, paused } = useFaces();
  if (!open && !grouping) return null;
  const words = !open ? "Putting faces together…" : `${paused ? "Paused: looked" : "Looking"} for faces: ${count(done)} of ${plural(total, "photo")}${paused ? "" : ` · ${timeLeft(left)}`}`;
  return html`<div class="people-progress"><p>${words.replace(/ · $/, "")}</p><${Bar} share=${open ? done / total : null} label="Looking for faces" /></div>`;
}

function Nobody() {
  const { known, open, done, total, left, paused } = useFaces();
  const looking = known && open > 0;
  return html`<div class="notice-page">
    <span class=${`notice-mark ${looking && !paused ? "is-busy" : ""}`}><${Icon} name="users" size=${32} /></span>
    <h1>${looking ? "Looking for faces" : total ? "No faces found so far" : "No people yet"}</h1>
    <p>
      ${looking
        ? `Faces are found while photos are processed, on this machine only. ${count(done)} of ${plural(total, "photo")} so far${paused ? "; processing is paused." : left === null ? "." : `, ${timeLeft(left)}.`}`
        : total
          ? `${plural(done, "photo")} looked through. Open a photo and press p to draw a face that was missed.`
          : "Once there are photos, Homeroll finds the faces on them, on this machine only, and puts those of one person together. You give the names."}
    </p>
    ${looking && html`<div class="notice-bar"><${Bar} share=${total ? done / total : null} label="Looking for faces" /></div>`}
    <button class="button" type="button" onClick=${() => togglePanel("activity", true)}><${Icon} name="activity" size=${18} />Show activity</button>
  </div>`;
}
