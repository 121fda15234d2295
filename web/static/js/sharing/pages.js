// Links that you made, and what guests sent by them and waits for you (`/sharing`).
import { api } from "/static/js/lib/api.js";
import { copyText, el } from "/static/js/lib/dom.js";
import { ago, dateShort, plural } from "/static/js/lib/format.js";
import { setTitle } from "/static/js/lib/house.js";
import { Icon } from "/static/js/lib/icon.js";
import { html, render, useState } from "/static/js/lib/preact.js";
import { session } from "/static/js/lib/session.js";
import { useStore } from "/static/js/lib/store.js";
import { addressOf, askLinkChange } from "/static/js/sharing/form.js";
import { OwnLibraries } from "/static/js/sharing/libraries.js";
import { Failure } from "/static/js/ui/failure.js";
import { sure } from "/static/js/ui/sure.js";
import { toast, toastError } from "/static/js/ui/toast.js";

const KINDS = { album: "bookmark", selection: "images", person: "user", event: "calendar" };

/** @param {HTMLElement} holder */
export async function openPage(holder) {
  const root = el("div", { class: "sharing-page" });
  holder.replaceChildren(root);
  setTitle("Sharing");
  try {
    const [{ items: links }, { items: waiting }, { items: libraries }] = await Promise.all(["/shares", "/shares/uploads", "/libraries"].map((path) => api.get(path)));
    render(html`<${Sharing} first=${links} sent=${waiting} libraries=${libraries} />`, root);
  } catch (error) {
    render(html`<${Failure} error=${error} onRetry=${() => openPage(holder)} />`, root);
  }
  return {
    destroy() {
      render(null, root);
      root.remove();
    },
  };
}

/** @param {{ first: any[], sent: any[], libraries: any[] }} props */
function Sharing({ first, sent, libraries }) {
  const [links, setLinks] = useState(first);
  const [waiting, setWaiting] = useState(sent);
  const changed = (/** @type {any} */ next) => setLinks((/** @type {any[]} */ old) => old.map((link) => (link.id === next.id ? next : link)));
  const revoked = (/** @type {any} */ gone) => setLinks((/** @type {any[]} */ old) => old.filter(({ id }) => id !== gone.id));
  return html`
    <header class="people-head"><h1>Sharing</h1></header>
    <${OwnUploads} />
    <${OwnLibraries} first=${libraries} />
    ${waiting.length > 0 && html`<${Waiting} items=${waiting} onDone=${setWaiting} />`}
    <section class="sharing-part" aria-label="Links">
      <h2>Links</h2>
      ${!links.length && html`<p class="sharing-none">None yet. Open an album, or choose some photos, and share them by a link: whoever has it sees them, without a login.</p>`}
      <ul class="link-list">${links.map((link) => html`<${Link} key=${link.id} link=${link} onChanged=${changed} onRevoked=${revoked} />`)}</ul>
    </section>
  `;
}

/** Whether what one sends is the family's to see. */
function OwnUploads() {
  const user = useStore(session);
  if (!user) return null;
  const set = (/** @type {any} */ event) => {
    const shares = event.target.checked;
    const said = shares ? "The family sees what you upload from now on." : "What you upload from now on is yours alone.";
    api.patch("/auth/me", { shares }).then(
      (now) => (session.set(now), toast(said)),
      (error) => ((event.target.checked = !shares), toastError(error)),
    );
  };
  return html`<section class="sharing-part" aria-label="Your uploads">
    <h2>Your uploads</h2>
    <label class="share-flag"><input type="checkbox" checked=${Boolean(/** @type {any} */ (user).shares)} onChange=${set} /><span><strong>The family sees what I upload</strong><small>From now on. Photos that are here already are shared by choosing them.</small></span></label>
  </section>`;
}

/** @param {{ link: any, onChanged: (link: any) => void, onRevoked: (link: any) => void }} props */
function Link({ link, onChanged, onRevoked }) {
  const copy = async () => toast((await copyText(addressOf(link.path))) ? "The address is copied." : "The browser does not let it be copied.");
  const revoke = async () => {
    if (!(await sure("Take the link back?", `The address of “${link.name}” opens nothing any more.`, "Take it back"))) return;
    try {
      await api.delete(`/shares/${link.id}`);
      onRevoked(link);
      toast("The link opens nothing any more.");
    } catch (error) {
      toastError(/** @type {any} */ (error));
    }
  };
  const end = link.expired ? "ended" : link.expires ? `until ${dateShort(link.expires.slice(0, 10))}` : "";
  const about = [
    link.kind === "selection" ? plural(link.files, "photo") : link.kind,
    link.has_password && "password",
    end,
    link.allow_download && "downloads",
    link.allow_upload && "guests may add",
    link.views ? `opened ${plural(link.views, "time")}${link.last_viewed ? `, last ${ago(link.last_viewed)}` : ""}` : "not opened yet",
  ];
  return html`<li class=${`link-row ${link.expired ? "is-over" : ""}`}>
    <span class="link-mark"><${Icon} name=${KINDS[link.kind]} size=${20} /></span>
    <div class="link-words"><a href=${link.path} target="_blank" rel="noopener">${link.name}</a><small>${about.filter(Boolean).join(" · ")}</small></div>
    <div class="link-tools">
      <button class="icon-button" type="button" aria-label=${`Copy the address of ${link.name}`} title="Copy the address" onClick=${copy}><${Icon} name="copy" /></button>
      <button class="icon-button" type="button" aria-label=${`Change ${link.name}`} title="Change" onClick=${() => askLinkChange(link, onChanged)}><${Icon} name="pencil" /></button>
      <button class="icon-button" type="button" aria-label=${`Take ${link.name} back`} title="Take it back" onClick=${revoke}><${Icon} name="trash-2" /></button>
    </div>
  </li>`;
}

/** What guests sent: seen by nobody but you before you decide. @param {{ items: any[], onDone: (left: any[]) => void }} props */
function Waiting({ items, onDone }) {
  const [busy, setBusy] = useState(false);
  const decide = async (/** @type {"accept" | "reject"} */ what, /** @type {string[]} */ ids) => {
    if (what === "reject" && !(await sure("Remove this photo?", "It is deleted for good: nobody but its guest has another copy.", "Remove it"))) return;
    setBusy(true);
    try {
      await api.post(`/shares/uploads/${what}`, { ids });
      toast(what === "accept" ? `${plural(ids.length, "photo")} taken in.` : `${plural(ids.length, "photo")} removed for good.`);
    } catch (error) {
      toastError(/** @type {any} */ (error));
    } finally {
      // Also after a failure: some of them may have been taken in.
      const { items: left } = await api.get("/shares/uploads").catch(() => ({ items }));
      onDone(left);
      setBusy(false);
    }
  };
  const every = items.map(({ id }) => id);
  return html`<section class="sharing-part" aria-label="Sent by guests">
    <h2>Sent by guests</h2>
    <p class="sharing-none">Only you see these. Taken in, they are photos of yours, in the album they were sent to.</p>
    <ul class="guest-list">
      ${items.map(
        (item) => html`<li key=${item.id}>
          <img src=${`/api/v1/shares/uploads/${item.id}/thumbnail`} alt=${item.filename} loading="lazy" decoding="async" />
          <small>${item.guest || "A guest"}${item.album_name && html` · ${item.album_name}`}${item.taken && html` · ${dateShort(item.taken.slice(0, 10))}`}${item.kind === "video" && " · video"}</small>
          <div><button class="button is-small is-primary" type="button" disabled=${busy} onClick=${() => decide("accept", [item.id])}>Take in</button><button class="button is-small" type="button" disabled=${busy} onClick=${() => decide("reject", [item.id])}>Remove</button></div>
        </li>`,
      )}
    </ul>
    ${items.length > 1 && html`<button class="button is-primary" type="button" disabled=${busy} onClick=${() => decide("accept", every)}>Take in all ${items.length}</button>`}
  </section>`;
}
