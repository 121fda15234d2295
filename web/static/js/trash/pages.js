// The trash: what is in it, until when, and the ways out.
import { api, fileUrl } from "/static/js/lib/api.js";
import { announce, el } from "/static/js/lib/dom.js";
import { count, dayMedium, plural } from "/static/js/lib/format.js";
import { setTitle } from "/static/js/lib/house.js";
import { Icon } from "/static/js/lib/icon.js";
import { onMessage } from "/static/js/lib/messages.js";
import { html, render, useState } from "/static/js/lib/preact.js";
import { createStore, useStore } from "/static/js/lib/store.js";
import { ReviewTabs } from "/static/js/duplicates/tabs.js";
import { showDialog } from "/static/js/ui/dialog.js";
import { Failure } from "/static/js/ui/failure.js";
import { toast, toastError } from "/static/js/ui/toast.js";
import { waiting } from "/static/js/waiting.js";

const PAGE = 200;
const CALM_MS = 800;
const DAY_MS = 86_400_000;
/** @typedef {{ file: any, gone_after: string | null, removable: boolean }} Trashed */

/** @param {HTMLElement} holder */
export async function openPage(holder) {
  const root = el("div", { class: "trash-page" });
  holder.replaceChildren(root);
  setTitle("Trash");
  const page = createStore({ items: /** @type {Trashed[]} */ ([]), total: 0, next: /** @type {string | null} */ (null), days: 30, removable: 0 });
  const load = async () => page.set(await api.get(`/trash?limit=${PAGE}`));
  const more = async () => {
    const old = page.get();
    const next = await api.get(`/trash?limit=${PAGE}&cursor=${encodeURIComponent(old.next ?? "")}`).catch(toastError);
    if (next) page.set({ ...next, items: [...old.items, ...next.items] });
  };
  try {
    await load();
    render(html`<${Trash} page=${page} load=${load} more=${more} />`, root);
  } catch (error) {
    render(html`<${Failure} error=${error} onRetry=${() => openPage(holder)} />`, root);
  }
  let timer = 0;
  const soon = () => {
    clearTimeout(timer);
    timer = setTimeout(() => load().catch(() => null), CALM_MS); // what was shown stays
  };
  const deaf = [onMessage("FileChanged", soon), onMessage("JobProgress", (job) => job.name === "empty_trash" && soon())];
  return {
    destroy() {
      clearTimeout(timer);
      for (const stop of deaf) stop();
      render(null, root);
      root.remove();
    },
  };
}

function Trash({ page, load, more }) {
  const { items, total, next, days, removable } = useStore(page);
  const { duplicates } = useStore(waiting);
  const [chosen, setChosen] = useState(/** @type {ReadonlySet<string>} */ (new Set()));
  const here = items.filter(({ file }) => chosen.has(file.id));
  const toggle = (/** @type {string} */ id) => {
    const after = new Set(chosen);
    if (!after.delete(id)) after.add(id);
    setChosen(after);
    announce(`${plural(after.size, "photo")} chosen`);
  };
  const restore = async () => {
    try {
      const answer = here.length ? await api.post("/files/restore", { ids: here.map(({ file }) => file.id) }) : await api.post("/trash/restore");
      setChosen(new Set());
      await load();
      const back = async () => {
        await api.post(`/journal/${answer.undo}/undo`);
        await load();
      };
      toast(`${here.length ? plural(here.length, "photo") : "Everything"} restored.`, answer.undo && { action: { label: "Undo", run: () => back().catch(toastError) } });
    } catch (error) {
      toastError(/** @type {any} */ (error));
    }
  };
  const remove = () => askEmpty(here.length ? here.filter(({ removable }) => removable).map(({ file }) => file.id) : null, here.length || removable, () => setChosen(new Set()));
  if (!total) {
    return html`<div class="notice-page">
      <span class="notice-mark"><${Icon} name="trash-2" size=${32} /></span>
      <h1>The trash is empty</h1>
      <p>${days ? `What you put here can be taken out again for ${days} days.` : "What you put here stays until somebody empties the trash."}</p>
      <div class="notice-actions"><a class="button" href="/">Photos</a>${duplicates > 0 && html`<a class="button" href="/duplicates">${plural(duplicates, "group")} of duplicates</a>`}</div>
    </div>`;
  }
  const none = here.length ? here.every((item) => !item.removable) : !removable;
  return html`
    <header class="people-head trash-head">
      <h1>Trash</h1>
      <span class="people-total">${here.length ? `${plural(here.length, "photo")} chosen` : plural(total, "photo")}</span>
      <${ReviewTabs} here="trash" totals=${{ copy: duplicates }} trashed=${total} />
      <div class="trash-actions">
        ${here.length > 0 && html`<button class="button is-plain" type="button" onClick=${() => setChosen(new Set())}>Choose none</button>`}
        <button class="button" type="button" onClick=${restore}><${Icon} name="archive-restore" size=${18} />${here.length ? "Restore" : "Restore all"}</button>
        <button class="button is-danger" type="button" disabled=${none} onClick=${remove}><${Icon} name="trash-2" size=${18} />${here.length ? "Delete for good" : "Empty"}</button>
      </div>
    </header>
    <p class="trash-lead">${days ? `Deleted for good ${plural(days, "day")} after it was put here.` : "Nothing is deleted until somebody empties the trash."} Originals stay on the disk until then.${removable < total ? " Photos of the whole family are an admin’s to delete." : ""}</p>
    <ul class="trash-grid">
      ${items.map(
        ({ file, gone_after }) => html`<li key=${file.id}>
          <button type="button" class=${`trash-tile ${chosen.has(file.id) ? "is-chosen" : ""}`} aria-pressed=${String(chosen.has(file.id))} aria-label=${`${file.filename}, ${left(gone_after)}`} onClick=${() => toggle(file.id)}>
            <img src=${fileUrl(file.id, "thumbnail", "standin")} alt="" loading="lazy" decoding="async" />
            <span class="trash-left" aria-hidden="true">${left(gone_after)}</span>
          </button>
        </li>`,
      )}
    </ul>
    ${next && html`<div class="people-more"><button class="button" type="button" onClick=${more}>Show more (${count(total - items.length)})</button></div>`}
  `;
}

/** @param {string | null} goneAfter */
function left(goneAfter) {
  if (!goneAfter) return "";
  const days = Math.ceil((Date.parse(goneAfter) - Date.now()) / DAY_MS);
  if (days <= 0) return "gone today";
  return days > 60 ? `until ${dayMedium(goneAfter)}` : plural(days, "day");
}

/** @param {string[] | null} ids null: everything @param {number} number @param {() => void} onDone */
function askEmpty(ids, number, onDone) {
  const run = async () => {
    close();
    try {
      const { files } = await api.post("/trash/empty", ids ? { ids } : {});
      onDone();
      toast(files ? "They are being deleted." : "There was nothing that you may delete.");
    } catch (error) {
      toastError(/** @type {any} */ (error));
    }
  };
  const close = showDialog(
    "Delete for good?",
    html`<div class="same">
      <p>${plural(ids ? ids.length : number, "file")} will be removed from the disk. This cannot be undone.</p>
      <div class="same-actions">
        <button class="button" type="button" autofocus onClick=${() => close()}>Keep</button>
        <button class="button is-danger" type="button" onClick=${run}>Delete for good</button>
      </div>
    </div>`,
  );
}
