import { api } from "/static/js/lib/api.js";
import { count } from "/static/js/lib/format.js";
import { Icon } from "/static/js/lib/icon.js";
import { html, useEffect, useRef, useState } from "/static/js/lib/preact.js";
import { forgetPlace, isAdmin, session } from "/static/js/lib/session.js";
import { useStore } from "/static/js/lib/store.js";
import { go } from "/static/js/router.js";
import { showHelp } from "/static/js/ui/help.js";
import { theme } from "/static/js/ui/theme.js";
import { refreshWaiting, waiting } from "/static/js/waiting.js";
import { toastError } from "/static/js/ui/toast.js";

const THEMES = [
  ["system", "monitor", "As the system"],
  ["light", "sun", "Light"],
  ["dark", "moon", "Dark"],
];

/** What waits on a page, as it is counted beside its name. @type {Record<string, "duplicates" | "guests">} */
const WAITS = { "/duplicates": "duplicates", "/sharing": "guests" };

/** @type {[string, string, string, boolean][]} address, icon, name, only for admins */
const PAGES = [
  ["/tags", "tags", "Tags", false],
  ["/events", "calendar-range", "Events", false],
  ["/places", "map", "Places", false],
  ["/albums", "bookmark", "Albums", false],
  ["/sharing", "globe", "Sharing", false],
  ["/locked", "lock", "Locked", false],
  ["/duplicates", "copy-check", "Duplicates", false],
  ["/archive", "archive", "Archive", false],
  ["/trash", "trash-2", "Trash", false],
  ["/sessions", "monitor", "Devices", false],
  ["/settings", "settings", "Settings", true],
];

async function logOut() {
  try {
    await api.post("/auth/logout");
  } catch (error) {
    if (/** @type {any} */ (error).status === 0) return toastError(/** @type {any} */ (error)); // whoever comes next would be logged in
  } // any other answer: the session is gone already
  forgetPlace();
  location.assign("/login");
  return undefined;
}

async function changePassword() {
  await import("/static/js/auth/password.js").then(({ showPasswordDialog }) => showPasswordDialog(), toastError);
}

/** The round button with the person's initial, and what it opens. */
export function UserMenu() {
  const user = useStore(session);
  const counts = useStore(waiting);
  const [open, setOpen] = useState(false);
  const root = useRef(/** @type {HTMLElement | null} */ (null));
  const button = useRef(/** @type {HTMLElement | null} */ (null));
  useEffect(() => {
    if (!open) return undefined;
    refreshWaiting();
    const outside = (/** @type {Event} */ event) => {
      if (!root.current?.contains(/** @type {Node} */ (event.target))) setOpen(false);
    };
    document.addEventListener("pointerdown", outside);
    /** @type {HTMLElement | null | undefined} */ (root.current?.querySelector("[role^=menuitem]"))?.focus();
    return () => document.removeEventListener("pointerdown", outside);
  }, [open]);
  if (!user) return null;
  const name = user.name || user.username;
  const keys = (/** @type {KeyboardEvent} */ event) => {
    if (event.key === "Escape" && open) {
      event.stopPropagation();
      setOpen(false);
      button.current?.focus();
    }
    if (event.key !== "ArrowDown" && event.key !== "ArrowUp") return;
    const items = /** @type {HTMLElement[]} */ ([...(root.current?.querySelectorAll("[role^=menuitem]") ?? [])]);
    const at = items.indexOf(/** @type {HTMLElement} */ (document.activeElement));
    items.at((at + (event.key === "ArrowDown" ? 1 : -1)) % items.length)?.focus();
    event.preventDefault();
  };
  const pick = (/** @type {() => void} */ run) => () => {
    setOpen(false);
    run();
  };
  return html`
    <div class="menu" ref=${root} onKeyDown=${keys}>
      <button ref=${button} class="icon-button" type="button" aria-haspopup="menu" aria-expanded=${String(open)} aria-label=${`Account of ${name}${counts.guests ? ", photos of guests wait" : ""}`} onClick=${() => setOpen(!open)}>
        <span class=${`avatar ${counts.guests ? "has-news" : ""}`} aria-hidden="true">${[...name][0]?.toUpperCase()}</span>
      </button>
      ${open &&
      html`<div class="menu-list" role="menu">
        <div class="menu-person"><strong>${name}</strong><span>${user.username}${user.role === "admin" ? " · admin" : ""}</span></div>
        <div class="menu-themes" role="group" aria-label="Colours">
          ${THEMES.map(
            ([value, icon, label]) =>
              html`<button type="button" role="menuitemradio" aria-checked=${String(theme.get() === value)} aria-label=${label} title=${label} onClick=${pick(() => theme.set(value))}>
                <${Icon} name=${icon} size=${18} />
              </button>`,
          )}
        </div>
        ${PAGES.filter(([, , , forAdmins]) => !forAdmins || isAdmin()).map(([path, icon, label]) => html`<button type="button" role="menuitem" key=${path} onClick=${pick(() => go(path))}><${Icon} name=${icon} size=${18} />${label}${counts[WAITS[path]] > 0 && html`<span class="menu-count" aria-label=${`, ${count(counts[WAITS[path]])} to decide`}>${count(counts[WAITS[path]])}</span>`}</button>`)}
        <hr />
        <button type="button" role="menuitem" onClick=${pick(showHelp)}><${Icon} name="keyboard" size=${18} />Keyboard</button>
        <button type="button" role="menuitem" onClick=${pick(changePassword)}><${Icon} name="key-round" size=${18} />Change password</button>
        <button type="button" role="menuitem" onClick=${pick(logOut)}><${Icon} name="log-out" size=${18} />Log out</button>
      </div>`}
    </div>
  `;
}
