import { fileUrl } from "/static/js/lib/api.js";
import { ago, count, dayMedium, localTime, plural, size, timeOfDay } from "/static/js/lib/format.js";
import { Icon } from "/static/js/lib/icon.js";
import { html, useState } from "/static/js/lib/preact.js";
import { useStore } from "/static/js/lib/store.js";
import { ReviewTabs } from "/static/js/duplicates/tabs.js";
import { openAmong } from "/static/js/search/pile.js";
import { status } from "/static/js/status.js";
import { renditionVersion } from "/static/js/timeline/flags.js";

const NOTHING = {
  copy: "Files with the very same content, and the same picture in other sizes, copies and edits, would stand here side by side.",
  sequence: "Several moments of one scene would stand here side by side.",
};

/** @param {{ store: any, actions: any }} props */
export function Duplicates({ store, actions }) {
  const now = useStore(store);
  const { kind, totals, trashed, groups, next, loading } = now;
  return html`
    <header class="people-head">
      <h1>Duplicates</h1>
      <span class="people-total">${totals[kind] > 0 && `${plural(totals[kind], "group")} to decide`}</span>
      <${ReviewTabs} here=${kind} totals=${totals} trashed=${trashed} onShow=${actions.show} />
    </header>
    ${loading && !groups.length && html`<div class="panel-wait"><span class="spinner"></span></div>`}
    ${!loading && !groups.length && html`<${None} kind=${kind} onLook=${actions.look} />`}
    ${groups.length > 0 && html`<p class="people-hint duplicates-hint">What is not kept goes to the trash, from where it can come back; what you said of it goes to the best that you keep. <span class="only-keys">Keys: <kbd>↑</kbd> <kbd>↓</kbd> move, <kbd>1</kbd>–<kbd>9</kbd> choose, <kbd>b</kbd> keep what is chosen, <kbd>o</kbd> keep all, <kbd>n</kbd> not duplicates, <kbd>z</kbd> undo.</span></p>`}
    <ul class="duplicate-groups">${groups.map((group) => html`<${Group} key=${group.id} group=${group} actions=${actions} />`)}</ul>
    ${next && html`<div class="people-more"><button class="button" type="button" onClick=${actions.more}>Show more</button></div>`}
  `;
}

/** @param {{ kind: string, onLook: () => void }} props */
function None({ kind, onLook }) {
  const { jobs } = useStore(status);
  const job = jobs.find(({ name }) => name === "find_duplicates"); // only admins know of jobs
  const running = job?.status === "running";
  return html`<div class="notice-page">
    <span class=${`notice-mark ${running ? "is-busy" : ""}`}><${Icon} name="copy-check" size=${32} /></span>
    <h1>${running ? "Looking for duplicates" : "Nothing to decide"}</h1>
    <p>${NOTHING[kind]} ${job && !running && (job.last_run ? `Last looked ${ago(job.last_run)}.` : "Nobody has looked yet.")}</p>
    ${job && !running && html`<button class="button" type="button" onClick=${onLook}><${Icon} name="circle-play" size=${18} />Look now</button>`}
  </div>`;
}

const SPOKEN = { exact: "equal", near: "alike", sequence: "a series" };

/** @param {{ group: import("./pages.js").Group, actions: any }} props */
function Group({ group, actions }) {
  const [kept, setKept] = useState(() => new Set([group.best]));
  const facts = factsOf(group);
  const toggle = (/** @type {string} */ id) => {
    const next = new Set(kept);
    if (!next.delete(id)) next.add(id);
    if (next.size) setKept(next);
  };
  const all = kept.size === group.files.length;
  const gone = group.files.length - kept.size;
  return html`<li class="duplicate-group" data-group=${group.id} tabindex="0" aria-label=${`${plural(group.files.length, "photo")}, ${SPOKEN[group.kind]}`}>
    <ul class="duplicate-files">${group.files.map((file) => html`<${Candidate} key=${file.id} file=${file} facts=${facts.get(file.id) ?? []} kept=${kept.has(file.id)} best=${file.id === group.best} onToggle=${() => toggle(file.id)} onOpen=${() => openAmong(group.files, file.id)} />`)}</ul>
    <div class="duplicate-actions">
      ${group.kind !== "sequence" && html`<span class="duplicate-kind">${group.kind === "exact" ? "Equal files" : "The same picture"}</span>`}
      <button class="button is-small is-plain" type="button" onClick=${() => actions.dismiss(group)}>Not duplicates</button>
      <button class="button is-small" type="button" onClick=${() => actions.keepAll(group)}>${group.files.length === 2 ? "Keep both" : "Keep all"}</button>
      <button class="button is-small is-primary" type="button" data-keep disabled=${all} onClick=${() => actions.keep(group, [...kept])}>${kept.size === 1 && kept.has(group.best) ? "Keep the best" : `Keep ${count(kept.size)}`}<span class="button-note">${gone ? `, ${count(gone)} to trash` : ""}</span></button>
    </div>
  </li>`;
}

/** @param {{ file: any, facts: string[], kept: boolean, best: boolean, onToggle: () => void, onOpen: () => void }} props */
function Candidate({ file, facts, kept, best, onToggle, onOpen }) {
  const local = file.start && localTime(file.start, file.utc_offset_min);
  const version = renditionVersion(file.thumbhash, 0);
  const name = `${file.filename}${best ? ", the best" : ""}`;
  return html`<li class=${`duplicate-file ${kept ? "is-kept" : "is-left"}`}>
    <button class="duplicate-picture" type="button" aria-pressed=${String(kept)} aria-label=${`${kept ? "Kept" : "To the trash"}: ${name}`} title=${kept ? "Kept" : "Goes to the trash"} onClick=${onToggle}>
      <img src=${fileUrl(file.id, "preview", version)} alt="" loading="lazy" decoding="async" />
      <span class="duplicate-mark"><${Icon} name=${kept ? "check" : "trash-2"} size=${16} /></span>
      ${best && html`<span class="duplicate-best"><${Icon} name="star" size=${13} />Best</span>`}
    </button>
    <button class="duplicate-name" type="button" title="Open" onClick=${onOpen}>${file.filename}</button>
    <p class="duplicate-facts">${[file.width && `${file.width} × ${file.height}`, size(file.size_bytes)].filter(Boolean).join(" · ")}</p>
    ${local && html`<p class="duplicate-facts">${dayMedium(local)}, ${timeOfDay(local)}</p>`}
    <p class="duplicate-facts is-path" title=${file.content}>${file.content}</p>
    ${facts.length > 0 && html`<p class="duplicate-why">${facts.join(" · ")}</p>`}
  </li>`;
}

/** What sets each photo of a group apart from the others. @param {import("./pages.js").Group} group @returns {Map<string, string[]>} */
function factsOf({ files }) {
  const facts = new Map(files.map(({ id }) => [id, /** @type {string[]} */ ([])]));
  const mark = (/** @type {string} */ word, /** @type {(file: any) => number} */ of) => {
    const values = files.map(of).filter(Number.isFinite);
    const most = Math.max(...values);
    const winners = files.filter((file) => of(file) === most);
    if (values.length === files.length && winners.length === 1) facts.get(winners[0].id)?.push(word);
  };
  mark("most pixels", ({ width, height }) => (width ?? NaN) * (height ?? NaN));
  mark("largest file", ({ size_bytes: bytes }) => bytes);
  mark("oldest", ({ start }) => (start ? -Math.floor(Date.parse(start) / 60_000) : NaN)); // by the minute, as it is shown
  mark("favourite", ({ favourite }) => Number(favourite));
  return facts;
}
