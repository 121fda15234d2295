// Photos that are there twice, or nearly: side by side, the best proposed, nothing decided without being asked.
import { api } from "/static/js/lib/api.js";
import { announce, el, isTyping } from "/static/js/lib/dom.js";
import { setTitle } from "/static/js/lib/house.js";
import { onMessage } from "/static/js/lib/messages.js";
import { html, render } from "/static/js/lib/preact.js";
import { createStore } from "/static/js/lib/store.js";
import { waiting } from "/static/js/waiting.js";
import { Duplicates } from "/static/js/duplicates/duplicates.js";
import { Failure } from "/static/js/ui/failure.js";
import { toast, toastError } from "/static/js/ui/toast.js";

const PAGE = 30;
/** @typedef {"copy" | "sequence"} Kind equal files and copies of a picture; one scene in several moments */
/** @typedef {{ id: string, kind: "exact" | "near" | "sequence", files: any[], best: string }} Group */
const KINDS = /** @type {Kind[]} */ (["copy", "sequence"]);
const kindOf = (/** @type {Group} */ { kind }) => (kind === "sequence" ? "sequence" : "copy");

/** @param {HTMLElement} holder */
export async function openPage(holder) {
  const root = el("div", { class: "duplicates" });
  holder.replaceChildren(root);
  setTitle("Duplicates");
  const store = createStore({
    kind: /** @type {Kind} */ ("copy"),
    totals: { copy: 0, sequence: 0 },
    trashed: 0,
    /** @type {Group[]} */ groups: [],
    /** @type {string | null} */ next: null,
    loading: false,
  });
  const put = (/** @type {any} */ part) => store.set({ ...store.get(), ...part });
  const ask = (/** @type {string} */ kind, cursor = "", limit = PAGE) => api.get(`/duplicates?limit=${limit}${kind === "sequence" ? "&kind=sequence" : ""}${cursor && `&cursor=${encodeURIComponent(cursor)}`}`);

  async function load(/** @type {Kind} */ kind) {
    put({ kind, loading: true, ...(kind !== store.get().kind && { groups: [], next: null }) });
    const [trash, ...pages] = await Promise.all([api.get("/trash?limit=1"), ...KINDS.map((other) => ask(other, "", other === kind ? PAGE : 1))]);
    if (store.get().kind !== kind) return;
    const here = pages[KINDS.indexOf(kind)];
    put({ groups: here.items, next: here.next, loading: false, trashed: trash.total, totals: Object.fromEntries(KINDS.map((name, i) => [name, pages[i].total])) });
    waiting.set({ ...waiting.get(), duplicates: store.get().totals.copy });
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
  async function decide(/** @type {Group} */ group, /** @type {() => Promise<any>} */ run, /** @type {string} */ said, gone = 0) {
    const { groups } = store.get();
    const at = groups.indexOf(group);
    if (at < 0) return;
    const kind = kindOf(group);
    focusGroup(at + 1 < groups.length ? groups[at + 1].id : (groups[at - 1]?.id ?? ""));
    const count = (/** @type {number} */ step) => {
      const next = { ...store.get().totals, [kind]: Math.max(0, store.get().totals[kind] + step) };
      put({ totals: next });
      waiting.set({ ...waiting.get(), duplicates: next.copy });
    };
    put({ groups: groups.filter((entry) => entry !== group) });
    count(-1);
    const back = () => {
      const now = store.get();
      if (now.kind === kind) put({ groups: [...now.groups.slice(0, at), group, ...now.groups.slice(at)] });
      count(1);
    };
    const answering = run();
    // Pressed before the answer is here, it is waited for.
    last = async () => {
      const entry = (await answering.catch(() => null))?.undo; // what went wrong is said below
      if (entry) await undo(entry, group);
    };
    try {
      const answer = await answering;
      const entry = answer?.undo;
      put({ trashed: store.get().trashed + gone });
      toast(said, entry && { action: { label: "Undo", run: () => undo(entry, group) } });
      announce(said);
    } catch (error) {
      back();
      toastError(error);
    }
    if (store.get().groups.length < 5 && store.get().next) more();
  }

  /** @type {(() => Promise<void>) | null} the way back from what was decided last */
  let last = null;

  /** Groups are made anew by that: asked for again. */
  async function undo(/** @type {string} */ entry, /** @type {Group} */ group) {
    try {
      last = null;
      await api.post(`/journal/${entry}/undo`);
      toast("As it was before.");
      await load(kindOf(group));
      const back = store.get().groups.find(({ files }) => files.some(({ id }) => id === group.best));
      if (back) focusGroup(back.id);
    } catch (error) {
      toastError(error);
    }
  }

  const at = (/** @type {Group} */ group) => `/duplicates/${encodeURIComponent(group.id)}`;
  const actions = {
    /** @param {Group} group @param {string[]} ids */
    keep(group, ids) {
      const gone = group.files.length - ids.length;
      return decide(group, () => api.post(`${at(group)}/keep`, { ids }), gone === 1 ? "One photo moved to the trash." : `${gone} photos moved to the trash.`, gone);
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
      z: () => last?.(),
    }[event.key];
    const nth = /^[1-9]$/.test(event.key) ? card?.querySelectorAll(".duplicate-picture")[Number(event.key) - 1] : null;
    if (nth) /** @type {HTMLElement} */ (nth).click();
    else if (!run) return;
    event.preventDefault();
    event.stopPropagation();
    if (!nth) run?.();
  };
  // Also where nothing of the page has the focus, as after the first look at it: then the first group is meant.
  const anywhere = (/** @type {KeyboardEvent} */ event) => {
    const { groups } = store.get();
    if (isTyping(event) || event.target !== document.body || document.querySelector(".pswp, dialog[open]")) return;
    if (["ArrowDown", "j"].includes(event.key) && groups.length) {
      event.preventDefault();
      focusGroup(groups[0].id);
    } else if (event.key === "z") last?.();
  };
  root.addEventListener("keydown", keys);
  addEventListener("keydown", anywhere);

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
      removeEventListener("keydown", anywhere);
      render(null, root);
      root.remove();
    },
  };
}
