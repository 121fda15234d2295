import { calmly } from "/static/js/lib/dom.js";
import { house } from "/static/js/lib/house.js";
import { Icon } from "/static/js/lib/icon.js";
import { count } from "/static/js/lib/format.js";
import { html } from "/static/js/lib/preact.js";
import { useStore } from "/static/js/lib/store.js";
import { route } from "/static/js/router.js";
import { status, workOf } from "/static/js/status.js";
import { timelineState } from "/static/js/timeline/state.js";
import { Logo } from "/static/js/ui/logo.js";
import { UserMenu } from "/static/js/ui/menu.js";
import { togglePanel } from "/static/js/ui/panels.js";
import { SearchField } from "/static/js/ui/searchfield.js";
import { uploadSummary } from "/static/js/uploads.js";

/** Phones find the tags in the menu. @type {[string, string[], string, string][]} */
const PAGES = [
  ["/", ["photos"], "images", "Photos"],
  ["/people", ["people", "person"], "users", "People"],
  ["/albums", ["albums", "album"], "bookmark", "Albums"],
  ["/tags", ["tags"], "tags", "Tags"],
];
const RING = 2 * Math.PI * 17;

/** The bar at the top: where you are, and the three things to do from anywhere. */
export function Topbar() {
  const { month } = useStore(timelineState);
  const { name } = useStore(route);
  const now = useStore(status);
  const upload = useStore(uploadSummary);
  const called = useStore(house);
  const work = workOf(now);
  const troubled = now.libraries.some((library) => library.status === "frozen") || now.health.status !== "ok";
  const label = work.busy ? `Activity: ${count(work.done)} of ${count(work.total)} done` : troubled ? "Activity: needs attention" : "Activity";
  return html`
    <a class="brand" href="/" aria-label=${`${called}, newest photos`} onClick=${toTop}><${Logo} /><span>${called}</span></a>
    <nav class="topbar-pages" aria-label="Pages">
      ${PAGES.map(
        ([path, names, icon, label]) =>
          html`<a href=${path} key=${path} aria-current=${names.includes(name) ? "page" : undefined} onClick=${path === "/" && toTop}><${Icon} name=${icon} size=${20} /><span>${label}</span></a>`,
      )}
    </nav>
    <div class="topbar-month" aria-hidden="true">${month}</div>
    <a class="icon-button topbar-back" href="/" aria-label="Leave search"><${Icon} name="arrow-left" /></a>
    <${SearchField} />
    <nav aria-label="Library">
      <a class="icon-button topbar-search" href="/search" aria-label="Search"><${Icon} name="search" /></a>
      <button class="button is-upload" type="button" aria-label="Upload photos and videos" onClick=${() => togglePanel("upload")}>
        ${upload.active ? html`<${Ring} share=${upload.share} />` : html`<${Icon} name="upload" size=${18} />`}
        <span>${upload.active ? `${Math.round(upload.share * 100)} %` : "Upload"}</span>
      </button>
      <button class="icon-button" type="button" aria-label=${label} title="Activity" onClick=${() => togglePanel("activity")}>
        ${work.busy && html`<${Ring} share=${work.total ? work.done / work.total : 0} />`}
        <${Icon} name="activity" />
        ${troubled && html`<span class="dot"></span>`}
      </button>
      <${UserMenu} />
    </nav>
  `;
}

/** @param {{ share: number }} props 0..1 */
function Ring({ share }) {
  return html`<svg class="ring" viewBox="0 0 38 38" aria-hidden="true">
    <circle cx="19" cy="19" r="17" /><circle class="ring-done" cx="19" cy="19" r="17" stroke-dasharray=${`${RING * share} ${RING}`} />
  </svg>`;
}

/** @param {MouseEvent} event */
function toTop(event) {
  if (event.ctrlKey || event.metaKey || event.shiftKey) return;
  if (route.get().name !== "photos") return; // the router follows the link
  event.preventDefault();
  scrollTo({ top: 0, behavior: scrollY < innerHeight * 6 ? calmly() : "instant" });
}
