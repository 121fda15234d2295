import { Icon } from "/static/js/lib/icon.js";
import { html, useEffect, useRef, useState } from "/static/js/lib/preact.js";
import { useStore } from "/static/js/lib/store.js";
import { count } from "/static/js/lib/format.js";
import { go, route, searchPath } from "/static/js/router.js";
import { complete, tidy } from "/static/js/lib/query.js";
import { forget, remember, suggestionsFor } from "/static/js/ui/suggestions.js";

const LIST = "search-suggestions";
const TYPING_MS = 90;
const ICONS = { person: "user", place: "map-pin", tag: "tag", camera: "camera", album: "bookmark", year: "calendar", operator: "sliders-horizontal", value: "check", recent: "history" };
const HELP = {
  "person:": "who is on it",
  "place:": "town, region, country",
  "tag:": "what is on it",
  "year:": "when",
  "kind:": "photo, video, raw",
  "has:": "gps, text, people, …",
  "favourite:": "marked with a heart",
  "camera:": "what took it",
  "album:": "in an album",
  "rating:": "stars",
  "before:": "earlier than",
  "after:": "later than",
  "name:": "of the file",
  "folder:": "where it lies",
  "text:": "written on it",
  "caption:": "what a model says",
  "description:": "what a person says",
  "month:": "such as 2024-05",
  "date:": "such as 2024-05-18",
  "archived:": "out of the way",
};

/** @param {import("../router.js").Route} now */
const queryOf = (now) => (now.name === "search" ? (now.query.get("q") ?? "") : "");

/** The search field of the bar: completes while typing, and remembers what was searched on this device. */
export function SearchField() {
  const now = useStore(route);
  const [text, setText] = useState(queryOf(now));
  const [items, setItems] = useState(/** @type {import("./suggestions.js").Suggestion[]} */ ([]));
  const [at, setAt] = useState(-1);
  const [open, setOpen] = useState(false);
  const input = useRef(/** @type {HTMLInputElement | null} */ (null));
  const asked = useRef(/** @type {AbortController | null} */ (null));
  const timer = useRef(0);

  useEffect(() => {
    setText(queryOf(now));
    close();
    if (now.name !== "search") input.current?.blur();
    else if (!queryOf(now) && !now.query.get("like") && !now.back) input.current?.focus({ preventScroll: true });
  }, [now]);
  useEffect(() => {
    const key = (/** @type {KeyboardEvent} */ event) => {
      const target = /** @type {HTMLElement} */ (event.target);
      if (event.key !== "/" || event.ctrlKey || event.metaKey || event.altKey || target.matches("input, textarea, select") || document.querySelector(".pswp, dialog[open]")) return;
      event.preventDefault();
      if (!input.current?.offsetParent) go("/search");
      input.current?.focus();
      input.current?.select();
    };
    addEventListener("keydown", key);
    return () => removeEventListener("keydown", key);
  }, []);

  function close() {
    clearTimeout(timer.current);
    asked.current?.abort();
    setOpen(false);
    setAt(-1);
  }
  function ask(/** @type {string} */ wanted, delay = TYPING_MS) {
    clearTimeout(timer.current);
    asked.current?.abort();
    const stop = new AbortController();
    asked.current = stop;
    timer.current = setTimeout(async () => {
      const found = await suggestionsFor(wanted, stop.signal);
      if (!found || stop.signal.aborted) return;
      setItems(found);
      setAt(-1);
      setOpen(found.length > 0 && document.activeElement === input.current);
    }, delay);
  }
  function change(/** @type {string} */ next) {
    setText(next);
    if (next || now.name !== "search") ask(next);
    else close(); // the page itself says what can be asked
  }
  function search(/** @type {string} */ query) {
    const wanted = tidy(query);
    setText(wanted);
    close();
    if (wanted) remember(wanted);
    input.current?.blur();
    go(searchPath(wanted));
  }
  /** Complete with a suggestion; `run` searches when it is a whole term. */
  function take(/** @type {import("./suggestions.js").Suggestion} */ item, run = true) {
    if (item.kind === "recent") return search(item.insert);
    const next = complete(text, item.insert);
    if (item.insert.endsWith(":") && item.insert !== "favourite:" && item.insert !== "archived:") {
      change(next);
      input.current?.focus();
      return undefined;
    }
    if (run) return search(next);
    change(`${next} `);
    return undefined;
  }
  const key = (/** @type {KeyboardEvent} */ event) => {
    if (event.isComposing) return;
    const shown = open && items.length > 0;
    if (event.key === "ArrowDown" || event.key === "ArrowUp") {
      if (!shown) ask(text, 0);
      else if (event.key === "ArrowDown") setAt(at + 1 >= items.length ? -1 : at + 1);
      else setAt(at < 0 ? items.length - 1 : at - 1);
    } else if (event.key === "Enter") {
      if (shown && items[at]) take(items[at]);
      else search(text);
    } else if (event.key === "Tab" && !event.shiftKey && shown && (at >= 0 || tidy(text))) {
      const item = items[Math.max(0, at)];
      if (item.kind === "recent") change(item.insert);
      else take(item, false);
    } else if (event.key === "Escape") {
      if (shown) close();
      else if (text !== queryOf(now)) change(queryOf(now));
      else if (text && now.name !== "search") setText("");
      else input.current?.blur();
    } else if (event.key === "Delete" && shown && items[at]?.kind === "recent" && event.shiftKey) {
      forget(items[at].insert);
      ask(text, 0);
    } else return;
    event.preventDefault();
    event.stopPropagation();
  };
  const left = (/** @type {FocusEvent} */ event) => {
    if (!(/** @type {HTMLElement} */ (event.currentTarget).contains(/** @type {Node | null} */ (event.relatedTarget)))) close();
  };
  const clear = () => {
    setText("");
    input.current?.focus();
    ask("", 0);
  };
  return html`<div role="search" class=${`search-field ${now.name === "search" ? "is-page" : ""}`} onfocusout=${left}>
    <form class="search-box" role="none" onSubmit=${(event) => (event.preventDefault(), search(text))}>
      <${Icon} name="search" size=${18} />
      <input ref=${input} type="text" inputmode="search" enterkeyhint="search" role="combobox" autocomplete="off" autocapitalize="none" autocorrect="off" spellcheck="false" maxlength="1000"
        aria-label="Search photos" placeholder="Search photos" aria-autocomplete="list" aria-haspopup="listbox" aria-expanded=${String(open)} aria-controls=${LIST} aria-activedescendant=${open && at >= 0 ? `${LIST}-${at}` : undefined}
        value=${text} onInput=${(event) => change(event.target.value)} onFocus=${() => (text || now.name !== "search") && ask(text, 0)} onKeyDown=${key} />
      ${text ? html`<button type="button" aria-label="Clear" onClick=${clear}><${Icon} name="x" size=${16} /></button>` : html`<kbd aria-hidden="true">/</kbd>`}
    </form>
    <ul class="search-list" id=${LIST} role="listbox" aria-label="Suggestions" hidden=${!open}>
      ${items.map(
        (item, i) => html`<li key=${item.kind + item.insert} id=${`${LIST}-${i}`} role="option" aria-selected=${String(i === at)} onPointerDown=${(event) => event.preventDefault()} onPointerMove=${() => at !== i && setAt(i)} onClick=${() => take(item)}>
          <${Icon} name=${ICONS[item.kind] ?? "search"} size=${16} /><span class="search-text">${item.text}</span>
          ${(item.count || HELP[item.text]) && html`<span class="search-count">${item.count ? count(item.count) : HELP[item.text]}</span>`}
        </li>`,
      )}
    </ul>
  </div>`;
}
