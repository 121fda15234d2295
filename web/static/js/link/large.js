// One photo or video of a link as large as the window: arrows, swipes and Escape.
import { dateName, timeOfDay } from "/static/js/lib/format.js";
import { Icon } from "/static/js/lib/icon.js";
import { html, useLayoutEffect, useRef } from "/static/js/lib/preact.js";

const SWIPE_PX = 50;

/** @param {{ files: any[], total: number, at: number, link: any, url: (file: any, what: string) => string, onMove: (at: number) => void, onLost: () => unknown }} props at: -1 shuts it; total: with those that are not here yet */
export function Large({ files, total, at, link, url, onMove, onLost }) {
  const file = files[at];
  const root = useRef(/** @type {HTMLElement | null} */ (null));
  const touch = useRef(0);
  const go = (/** @type {number} */ by) => at + by >= 0 && at + by < files.length && onMove(at + by);
  // Before it is painted: a key that is pressed at once belongs to it.
  useLayoutEffect(() => {
    const before = /** @type {HTMLElement | null} */ (document.activeElement);
    root.current?.focus();
    return () => before?.focus();
  }, []);
  const keys = (/** @type {KeyboardEvent} */ event) => {
    if (event.key === "Escape") onMove(-1);
    else if (event.key === "ArrowRight") go(1);
    else if (event.key === "ArrowLeft") go(-1);
    else return;
    event.preventDefault();
  };
  const ended = (/** @type {TouchEvent} */ event) => {
    const moved = event.changedTouches[0].clientX - touch.current;
    if (Math.abs(moved) > SWIPE_PX) go(moved < 0 ? 1 : -1);
  };
  const about = [
    file.description,
    file.taken && `${dateName(file.taken)}, ${timeOfDay(file.taken)}`,
    file.place && [file.place.city, file.place.country].filter(Boolean).join(", "),
    file.camera,
  ].filter(Boolean);
  return html`<div class="link-large" role="dialog" aria-modal="true" aria-label="Photo" tabindex="-1" ref=${root} onKeyDown=${keys} onTouchStart=${(/** @type {TouchEvent} */ event) => (touch.current = event.touches[0].clientX)} onTouchEnd=${ended}>
    <div class="link-large-bar">
      <span>${at + 1} / ${total}</span>
      ${link.allow_download && html`<a class="icon-button" href=${url(file, "download")} download aria-label="Download" title="Download"><${Icon} name="download" /></a>`}
      <button class="icon-button" type="button" aria-label="Close" onClick=${() => onMove(-1)}><${Icon} name="x" /></button>
    </div>
    ${file.kind === "video"
      ? html`<video key=${file.id} src=${url(file, "video")} poster=${url(file, "preview")} controls autoplay playsinline onError=${onLost}></video>`
      : html`<img key=${file.id} src=${url(file, "preview")} alt=${file.description || ""} onClick=${() => onMove(-1)} onError=${onLost} />`}
    ${at > 0 && html`<button class="link-step is-back" type="button" aria-label="Before" onClick=${() => go(-1)}><${Icon} name="chevron-left" size=${28} /></button>`}
    ${at < files.length - 1 && html`<button class="link-step is-on" type="button" aria-label="Next" onClick=${() => go(1)}><${Icon} name="chevron-right" size=${28} /></button>`}
    ${about.length > 0 && html`<p class="link-about">${about.map((line) => html`<span key=${line}>${line}</span>`)}</p>`}
  </div>`;
}
