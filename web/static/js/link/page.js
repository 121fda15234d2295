// What a link shows to somebody without a login: its photos, one of them large, and what guests may do. Nothing else is loaded.
import { ApiError, request } from "/static/js/lib/api.js";
import { plural } from "/static/js/lib/format.js";
import { setTitle } from "/static/js/lib/house.js";
import { Icon } from "/static/js/lib/icon.js";
import { html, render, useEffect, useRef, useState } from "/static/js/lib/preact.js";
import { Field, Form } from "/static/js/auth/form.js";
import { Failure } from "/static/js/ui/failure.js";
import { Logo } from "/static/js/ui/logo.js";
import { Large } from "/static/js/link/large.js";
import { Send } from "/static/js/link/send.js";

const PAGE = 200;
const AHEAD = 5; // so many before the last one that is known, more are asked for

/** @param {HTMLElement} root */
export async function openLink(root) {
  const token = location.pathname.split("/")[2] ?? "";
  const base = `/s/${encodeURIComponent(token)}`;
  const ask = (/** @type {string} */ path) => request(base + path, { quiet: true });
  async function show() {
    try {
      const link = await ask("");
      if (link.needs_password) {
        setTitle();
        render(html`<${Door} base=${base} onOpen=${show} />`, root);
        return;
      }
      setTitle(link.name);
      const first = await ask(`/files?limit=${PAGE}`);
      render(html`<${Shown} link=${link} base=${base} first=${first} ask=${ask} again=${show} />`, root);
    } catch (error) {
      const gone = error instanceof ApiError && error.status === 404;
      render(gone ? html`<${Gone} />` : html`<${Failure} error=${error} onRetry=${show} />`, root);
    }
  }
  await show();
}

/** @param {{ base: string, onOpen: () => Promise<void> }} props */
function Door({ base, onOpen }) {
  const send = async (/** @type {Record<string, string>} */ { password }) => {
    await request(`${base}/open`, { method: "POST", body: { password }, quiet: true });
    await onOpen();
  };
  return html`<main class="link-door">
    <${Logo} />
    <h1>Photos for you</h1>
    <p>Whoever sent you this link knows its password.</p>
    <${Form} action="Open" onSend=${send}><${Field} label="Password" name="password" type="password" autocomplete="off" autofocus /><//>
  </main>`;
}

function Gone() {
  return html`<main class="link-door"><${Logo} /><h1>This link opens nothing</h1><p>It may have ended, or been taken back. Ask whoever sent it to you for another one.</p></main>`;
}

/** @param {{ link: any, base: string, first: any, ask: (path: string) => Promise<any>, again: () => unknown }} props again: to say what became of the link */
function Shown({ link, base, first, ask, again }) {
  const [page, setPage] = useState(first);
  const [at, setAt] = useState(-1);
  const loading = useRef(false);
  const url = (/** @type {any} */ file, /** @type {string} */ what) => `/api/v1${base}/files/${file.id}/${what}`;
  // The link may have ended while its page was open, or want its password again.
  const look = (/** @type {string} */ path) => ask(path).catch(again);
  const more = async () => {
    if (loading.current) return;
    loading.current = true;
    const next = await look(`/files?limit=${PAGE}&cursor=${encodeURIComponent(page.next)}`);
    loading.current = false;
    if (next) setPage({ ...next, items: [...page.items, ...next.items] });
  };
  const move = (/** @type {number} */ to) => {
    if (page.next && to >= page.items.length - AHEAD) more();
    setAt(to);
  };
  useEffect(() => {
    document.documentElement.classList.toggle("has-large", at >= 0);
    return () => document.documentElement.classList.remove("has-large");
  }, [at]);
  return html`
    <header class="link-top">
      <a class="brand" aria-label="Homeroll"><${Logo} /></a>
      <div><h1>${link.name}</h1><p>${plural(page.total, "photo")} from ${link.owner}</p></div>
    </header>
    <main class="link-main">
      ${link.allow_upload && html`<${Send} base=${base} owner=${link.owner} />`}
      ${!page.items.length && html`<p class="link-none">There is nothing here at the moment.</p>`}
      <ul class="link-grid">
        ${page.items.map(
          (/** @type {any} */ file, /** @type {number} */ index) => html`<li key=${file.id} style=${`--ratio: ${ratioOf(file)}`}>
            <button type="button" aria-label=${labelOf(file, index)} onClick=${() => move(index)}>
              <img src=${url(file, "thumbnail")} alt="" loading="lazy" decoding="async" />
              ${file.kind === "video" && html`<span class="link-play" aria-hidden="true">▶</span>`}
            </button>
          </li>`,
        )}
      </ul>
      ${page.next && html`<div class="people-more"><button class="button" type="button" onClick=${more}>Show more</button></div>`}
    </main>
    ${at >= 0 && html`<${Large} files=${page.items} total=${page.total} at=${at} link=${link} url=${url} onMove=${move} onLost=${() => look("/files?limit=1")} />`}
  `;
}

/** @param {any} file */
const ratioOf = (file) => (file.width && file.height ? Math.min(3, Math.max(0.5, file.width / file.height)).toFixed(3) : "1");

/** @param {any} file @param {number} index */
const labelOf = (file, index) => file.description || file.filename || `${file.kind === "video" ? "Video" : "Photo"} ${index + 1}`;
