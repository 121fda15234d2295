// The timeline as one part: months, view, rail, keys, and what the server says changed.
import { el } from "/static/js/lib/dom.js";
import { onMessage } from "/static/js/lib/messages.js";
import { addChoosing } from "/static/js/timeline/choose.js";
import { addGridKeys } from "/static/js/timeline/keys.js";
import { Months } from "/static/js/timeline/months.js";
import { Scrubber } from "/static/js/timeline/scrubber.js";
import { TimelineView } from "/static/js/timeline/view.js";

const REFRESH_EVERY_MS = 1500; // an import announces files many times a second

/** @param {{ onOpen: (id: string) => void, person?: string, event?: string }} options person, event: only their photos */
export function createTimeline({ onOpen, person = "", event = "" }) {
  const months = new Months({ person, event });
  const root = el("div", { class: "timeline" });
  const view = new TimelineView(root, months);
  const scrubber = new Scrubber(view);
  addGridKeys(view);
  // The server tells which months changed.
  const choosing = addChoosing(view, { onChanged: () => refreshSoon() });
  root.addEventListener("click", (event) => {
    const link = /** @type {HTMLElement} */ (event.target).closest("a.tile");
    if (!link || event.ctrlKey || event.metaKey || event.shiftKey || event.button !== 0) return;
    event.preventDefault();
    onOpen(/** @type {any} */ (link).tile.id);
  });

  const changedMonths = new Set();
  let timer = 0;
  let lastRefresh = 0;
  let held = false;

  async function refresh() {
    timer = 0;
    if (held) return;
    lastRefresh = Date.now();
    const changed = new Set(changedMonths);
    changedMonths.clear();
    try {
      await months.refresh(changed);
    } catch {
      for (const month of changed) changedMonths.add(month); // offline: asked again after the reconnect
      return;
    }
    view.invalidate();
    scrubber.draw();
    view.dispatchEvent(new Event("refreshed"));
  }

  function refreshSoon() {
    if (!timer) timer = setTimeout(refresh, Math.max(150, lastRefresh + REFRESH_EVERY_MS - Date.now()));
  }

  const refreshAll = () => {
    for (const month of months.list) changedMonths.add(month.month);
    refreshSoon();
  };
  const deaf = ["FileAdded", "FileChanged"].map((name) =>
    onMessage(name, ({ months: names }) => {
      for (const month of names ?? []) changedMonths.add(month);
      refreshSoon();
    }),
  );
  deaf.push(onMessage("reconnected", refreshAll));

  return {
    root,
    rail: scrubber.root,
    months,
    view,
    async start() {
      await months.refresh();
      view.invalidate();
      scrubber.draw();
    },
    refreshSoon,
    refreshAll,
    /** While another page is shown. @param {boolean} shown */
    show(shown) {
      root.hidden = !shown;
      scrubber.root.classList.toggle("is-away", !shown);
      view.pause(!shown);
      if (shown) scrubber.draw();
    },
    destroy() {
      clearTimeout(timer);
      for (const stop of deaf) stop();
      choosing.destroy();
      view.destroy();
      root.remove();
      scrubber.root.remove();
    },
    /** While the viewer is open its order must not change under it. @param {boolean} hold */
    hold(hold) {
      held = hold;
      if (!hold && changedMonths.size) refreshSoon();
    },
    /** A photo came back from the trash. */
    restored() {
      for (const month of months.list) if (month.columns) changedMonths.add(month.month);
      refreshSoon();
    },
    /** Draw again after a photo was taken out. */
    changed() {
      view.invalidate();
      scrubber.draw();
      view.dispatchEvent(new Event("refreshed"));
    },
  };
}
