// Photos that are there twice, or nearly: side by side, the best proposed, nothing decided without being asked.
import { api } from "/static/js/lib/api.js";
import { announce, el, isTyping } from "/static/js/lib/dom.js";
import { onMessage } from "/static/js/lib/messages.js";
import { html, render } from "/static/js/lib/preact.js";
import { createStore } from "/static/js/lib/store.js";
import { Duplicates } from "/static/js/duplicates/duplicates.js";
import { Failure } from "/static/js/ui/failure.js";
import { toast, toastError } from "/static/js/ui/toast.js";

const PAGE = 30;
/** @typedef {"exact" | "near" | "sequence"} Kind equal bytes; the same picture; one scene in several moments */
/** @typedef {{ id: string, kind: Kind, files: any[], best: string }} Group */
const KINDS = /** @type {Kind[]} */ (["exact", "near", "sequence"]);

/** @param {HTMLElement} holder */
export async function openPage(holder) {
  const root = el("div", { class: "duplicates" });
  holder.replaceChildren(root);
  document.title = "Duplicates · Homeroll";
  const store = createStore({
    kind: /** @type {Kind} */ ("exact"),
    totals: { exact: 0, near: 0, sequence: 0 },
    /** @type {Group[]} */ groups: [],
    /** @type {string | null} */ next: null,
    loading: false,
  });
  const put = (/** @type {any} */ part) => store.set({ ...store.get(), ...part });
  const ask = (/** @type {string} */ kind, cursor = "", limit = PAGE) => api.get(`/duplicates?kind=${kind}&limit=${limit}${cursor && `&cursor=${encodeURIComponent(cursor)}`}`);

  async function load(/** @type {Kind} */ kind) {
    put({ kind, loading: true, ...(kind !== store.get().kind && { groups: [], next: null }) });
    const pages = await Promise.all(KINDS.map((other) => ask(other, "", other === kind ? PAGE : 1)));
    if (store.get().kind !== kind) return;
    const here = pages[KINDS.indexOf(kind)];
    put({ groups: here.items, next: here.next, loading: false, totals: Object.fromEntries(KINDS.map((name, i) => [name, pages[i].total])) });
  }

  /** Ask again; where there is nothing of this kind, another kind is shown that has some. */
  async function loadSome() {
    await load(store.get().kind);
    const { kind, totals } = store.get();
    const other = KINDS.find((name) => totals[name]);
    if (other && !totals[kind]) await load(other);
  }

  async function more() {
    const { kind, next, groups } = store.get();
    if (!next) return;
    const page = await ask(kind, next).catch(toastError);
    if (page) put({ groups: [...groups, ...page.items], next: page.next });
  }

  /** Take a group off the page and ask the server; it comes back when that did not work, or is undone. */
  async function decide(/** @type {Group} */ group, /** @type {() => Promise<any>} */ run, /** @type {string} */ said) {
    const { groups, totals } = store.get();
    const at = groups.indexOf(group);
    if (at < 0) return;
    focusGroup(at + 1 < groups.length ? groups[at + 1].id : (groups[at - 1]?.id ?? ""));
    put({ groups: groups.filter((entry) => entry !== group), totals: { ...totals, [group.kind]: Math.max(0, totals[group.kind] - 1) } });
    const back = () => {
      const now = store.get();
      if (now.kind === group.kind) put({ groups: [...now.groups.slice(0, at), group, ...now.groups.slice(at)] });
      put({ totals: { ...store.get().totals, [group.kind]: store.get().totals[group.kind] + 1 } });
    };
    try {
      const answer = await run();
      const entry = answer?.undo;
      toast(said, entry && { action: { label: "Undo", run: () => undo(entry, group) } });
      announce(said);
    } catch (error) {
      back();
      toastError(error);
    }
    if (store.get().groups.length < 5 && store.get().next) more();
  }

  /** Groups are made anew by that: asked for again. */
  async function undo(/** @type {string} */ entry, /** @type {Group} */ group) {
    try {
      await api.post(`/journal/${entry}/undo`);
      toast("As it was before.");
      await load(group.kind);
    } catch (error) {
      toastError(error);
    }
  }

  const at = (/** @type {Group} */ group) => `/duplicates/${encodeURIComponent(group.id)}`;
  const actions = {
    /** @param {Group} group @param {string[]} ids */
    keep(group, ids) {
      const gone = group.files.length - ids.length;
      return decide(group, () => api.post(`${at(group)}/keep`, { ids }), gone === 1 ? "One photo moved to the trash." : `${gone} photos moved to the trash.`);
    },
    /** @param {Group} group */
    keepAll: (group) => decide(group, () => api.post(`${at(group)}/keep`, { ids: group.files.map(({ id }) => id) }), group.files.length === 2 ? "Both are kept." : "All are kept."),
    /** @param {Group} group */
    dismiss: (group) => decide(group, () => api.post(`${at(group)}/dismiss`), "Not duplicates: they will not be asked about again."),
    show: (/** @type {Kind} */ kind) => load(kind).catch(fail),
    /** Compare everything now, not at night. */
    look: () => api.post("/jobs/find_duplicates/run").then(() => toast("Looking for duplicates."), toastError),
    more,
  };

  function focusGroup(/** @type {string} */ id) {
    requestAnimationFrame(() => /** @type {HTMLElement | null} */ (root.querySelector(`[data-group="${CSS.escape(id)}"]`))?.focus());
  }

  const keys = (/** @type {KeyboardEvent} */ event) => {
    const card = /** @type {HTMLElement | null} */ (/** @type {HTMLElement} */ (event.target).closest?.("[data-group]") ?? null);
    if (isTyping(event) || event.ctrlKey || event.metaKey || event.altKey || document.querySelector(".pswp, dialog[open]")) return;
    const { groups } = store.get();
    const index = groups.findIndex(({ id }) => id === card?.dataset.group);
    const group = groups[index];
    const run = {
      ArrowDown: () => groups[index + 1] && focusGroup(groups[index + 1].id),
      j: () => groups[index + 1] && focusGroup(groups[index + 1].id),
      ArrowUp: () => groups[index - 1] && focusGroup(groups[index - 1].id),
      k: () => groups[index - 1] && focusGroup(groups[index - 1].id),
      b: () => group && /** @type {HTMLElement | null} */ (card?.querySelector("[data-keep]"))?.click(),
      o: () => group && actions.keepAll(group),
      n: () => group && actions.dismiss(group),
    }[event.key];
    if (!run) return;
    event.preventDefault();
    event.stopPropagation();
    run();
  };
  root.addEventListener("keydown", keys);

  const fail = (/** @type {any} */ error) => render(html`<${Failure} error=${error} onRetry=${() => start()} />`, root);
  async function start() {
    try {
      await loadSome();
      render(html`<${Duplicates} store=${store} actions=${actions} />`, root);
    } catch (error) {
      fail(error);
    }
  }
  await start();
  // What the search for duplicates found is shown when it has ended, unless somebody is deciding.
  const stop = onMessage("JobProgress", (job) => {
    if (job.name === "find_duplicates" && job.status === "idle" && !root.querySelector("[data-group]:focus-within")) loadSome().catch(() => null); // shown is what was known
  });
  return {
    destroy() {
      stop();
      render(null, root);
      root.remove();
    },
  };
}
