// The locked space (`/locked`): the password first, then its photos, for a quarter of an hour.
import { api, request } from "/static/js/lib/api.js";
import { el } from "/static/js/lib/dom.js";
import { count, plural } from "/static/js/lib/format.js";
import { setTitle } from "/static/js/lib/house.js";
import { Icon } from "/static/js/lib/icon.js";
import { html, render } from "/static/js/lib/preact.js";
import { Field, Form } from "/static/js/auth/form.js";
import { go } from "/static/js/router.js";
import { byCursor } from "/static/js/search/cursors.js";
import { createGrid } from "/static/js/search/grid.js";
import { Results } from "/static/js/search/results.js";
import { Failure } from "/static/js/ui/failure.js";

/** @param {HTMLElement} holder */
export async function openPage(holder) {
  const top = el("div", { class: "search-top" });
  const body = el("div", { class: "search-body" });
  const root = el("div", { class: "search-page locked-page" }, top, body);
  holder.replaceChildren(root);
  setTitle("Locked");
  /** @type {ReturnType<typeof createGrid> | null} */
  let grid = null;
  let timer = 0;
  const clear = () => {
    clearTimeout(timer);
    grid?.destroy();
    grid = null;
    render(null, body);
    render(null, top);
  };

  async function show() {
    clear();
    try {
      const { until } = await api.get("/locked");
      if (until) await showPhotos(until);
      else askPassword();
    } catch (error) {
      if (/** @type {any} */ (error).code === "locked") askPassword();
      else render(html`<${Failure} error=${error} onRetry=${show} />`, body);
    }
  }

  function askPassword() {
    clear();
    const send = async (/** @type {Record<string, string>} */ { password }) => {
      await request("/locked/open", { method: "POST", body: { password }, quiet: true });
      await show();
    };
    render(
      html`<div class="locked-door">
        <span class="notice-mark"><${Icon} name="lock" size=${32} /></span>
        <h1>Locked</h1>
        <p>Photos that nobody but you sees, here or anywhere. Your password again opens them for a quarter of an hour.</p>
        <${Form} action="Open" onSend=${send}><${Field} label="Password" name="password" type="password" autocomplete="current-password" autofocus /><//>
      </div>`,
      body,
    );
  }

  /** @param {string} until @param {boolean} [trashed] those in the trash, which no other page shows either */
  async function showPhotos(until, trashed = false) {
    const results = new Results(byCursor(`/locked/files${trashed ? "?trashed=true" : ""}`), "relevance");
    const askAway = async () => (await api.get("/locked/files?limit=1&trashed=true")).total;
    let [away] = await Promise.all([askAway(), results.refresh()]);
    const turn = () => (clear(), showPhotos(until, !trashed).catch(show));
    const shut = async () => {
      await api.post("/locked/close").catch(() => null); // offline: it shuts by itself
      clear();
      go("/");
    };
    const draw = () =>
      render(
        html`<header class="search-head album-head"><div class="album-name"><h1>${trashed ? "Locked, in the trash" : "Locked"}</h1><p class="album-about">${plural(results.total, "photo")}</p></div><div class="search-actions">${(trashed || away > 0) && html`<button class="button" type="button" onClick=${turn}><${Icon} name=${trashed ? "arrow-left" : "trash-2"} size=${18} />${trashed ? "Back" : `Trash (${count(away)})`}</button>`}<button class="button" type="button" onClick=${shut}><${Icon} name="lock" size=${18} />Shut</button></div></header>`,
        top,
      );
    draw();
    timer = setTimeout(askPassword, Math.max(0, Date.parse(until) - Date.now()));
    if (!results.total) {
      render(html`<div class="notice-page"><h1>${trashed ? "Nothing is in its trash" : "Nothing is locked away"}</h1><p>Choose photos of yours anywhere, and lock them away from the bar below.</p></div>`, body);
      return;
    }
    const unlock = { name: "unlock", icon: "eye", label: "Take out", main: true, run: (/** @type {any} */ { ids, say }) => say(`${plural(ids.length, "photo")} among your photos again.`, () => api.post("/locked/files/remove", { ids })) };
    const trash = { name: "trash", icon: "trash-2", label: "Move to trash", main: true, run: (/** @type {any} */ { ids, say }) => say(`${plural(ids.length, "photo")} moved to the trash.`, () => api.post("/files/trash", { ids })) };
    const back = { name: "restore", icon: "archive-restore", label: "Take out of the trash", main: true, run: (/** @type {any} */ { ids, say }) => say(`${plural(ids.length, "photo")} out of the trash, and locked.`, () => api.post("/files/restore", { ids })) };
    grid = createGrid(results, { actions: trashed ? [back] : [unlock, trash] });
    grid.view.addEventListener("refreshed", async () => {
      if (!results.total) return show();
      away = await askAway().catch(() => away); // offline: what was known stays
      if (grid) draw();
    });
    body.append(grid.root);
    grid.view.measure();
    grid.view.draw();
  }

  await show();
  return {
    get timeline() {
      return grid;
    },
    destroy() {
      clear();
      root.remove();
    },
  };
}
