// The search page: what was asked for is in the address; every other query is a new page of the same kind.
import { api } from "/static/js/lib/api.js";
import { announce, el } from "/static/js/lib/dom.js";
import { plural } from "/static/js/lib/format.js";
import { onMessage } from "/static/js/lib/messages.js";
import { html, render } from "/static/js/lib/preact.js";
import { createGrid } from "/static/js/search/grid.js";
import { Head } from "/static/js/search/head.js";
import { Home } from "/static/js/search/home.js";
import { Nothing } from "/static/js/search/nothing.js";
import { MOST_BY_DATE, Results } from "/static/js/search/results.js";
import { Failure } from "/static/js/ui/failure.js";

const MOST_SIMILAR = 60;
const CALM_MS = 2500; // an import, or a model at work, tells of many files in a row

/** @typedef {{ query: string, like: string, order: "relevance" | "date" }} Asked */

/** @param {import("../router.js").Route} route @returns {Asked} */
function askedOf({ query }) {
  return { query: query.get("q") ?? "", like: query.get("like") ?? "", order: query.get("order") === "date" ? "date" : "relevance" };
}

/** @param {Asked} asked @returns {import("./results.js").Ask} */
function askerOf({ query, like }) {
  // Every photo is a little like every other: only the first are worth showing.
  if (like) return (_offset, _limit, signal) => api.get(`/files/${encodeURIComponent(like)}/similar?limit=${MOST_SIMILAR}`, signal);
  return (offset, limit, signal) => api.get(`/search?q=${encodeURIComponent(query)}&limit=${limit}&offset=${offset}`, signal);
}

/** @param {HTMLElement} holder @param {import("../router.js").Route} route */
export async function openPage(holder, route) {
  const top = el("div", { class: "search-top" });
  const body = el("div", { class: "search-body" });
  const root = el("div", { class: "search-page" }, top, body);
  holder.replaceChildren(root);
  /** @type {ReturnType<typeof createGrid> | null} */
  let grid = null;
  let run = 0;
  /** Ask whether there is more now; offered, not forced upon somebody who is looking. */
  let lookAgain = async () => {};
  let timer = 0;
  const soon = () => {
    clearTimeout(timer);
    timer = setTimeout(() => lookAgain(), CALM_MS);
  };
  const deaf = ["FileAdded", "FileChanged", "reconnected"].map((name) => onMessage(name, soon));
  const sized = new ResizeObserver(() => grid?.view.measure());
  sized.observe(top);

  const clear = () => {
    grid?.destroy();
    grid = null;
    render(null, body);
  };

  /** @param {import("../router.js").Route} now */
  async function show(now) {
    const mine = ++run;
    const asked = askedOf(now);
    lookAgain = async () => {};
    document.title = `${asked.query || (asked.like ? "Similar photos" : "Search")} · Homeroll`;
    if (!asked.query.trim() && !asked.like) {
      clear();
      render(null, top);
      render(html`<${Home} />`, body);
      return;
    }
    const results = new Results(askerOf(asked), asked.order);
    const slow = setTimeout(() => {
      clear();
      render(html`<${Head} asked=${asked} answer=${null} shown=${0} />`, top);
      render(html`<div class="panel-wait"><span class="spinner"></span></div>`, body);
    }, 250);
    try {
      await results.refresh();
    } catch (error) {
      if (mine !== run) return;
      clearTimeout(slow);
      clear();
      render(html`<${Head} asked=${asked} answer=${null} shown=${0} />`, top);
      render(html`<${Failure} error=${error} onRetry=${() => show(now)} />`, body);
      return;
    } finally {
      clearTimeout(slow);
    }
    if (mine !== run) return;
    clear();
    let news = 0;
    const draw = () => {
      if (mine !== run) return;
      const left = results.total;
      const answer = { ...results.answer, total: asked.order === "date" && results.answer.total > MOST_BY_DATE ? results.answer.total : left };
      render(html`<${Head} asked=${asked} answer=${answer} shown=${left} news=${news} onNews=${() => show(now)} />`, top);
      if (!left) {
        clear();
        render(html`<${Nothing} asked=${asked} answer=${answer} />`, body);
      }
    };
    if (!asked.like) {
      lookAgain = async () => {
        const found = await askerOf(asked)(0, 1).catch(() => null); // offline: asked again with the next message
        if (mine !== run || !found) return;
        if (!results.total) {
          if (found.total) await show(now);
          return;
        }
        const known = results.answer.total > MOST_BY_DATE ? results.answer.total : results.total;
        news = found.total - known;
        draw();
      };
    }
    draw();
    announce(results.total ? `${plural(results.total, "photo")} found` : "Nothing found");
    if (!results.total) return;
    grid = createGrid(results);
    grid.view.addEventListener("refreshed", draw);
    body.append(grid.root);
    grid.view.measure();
    grid.view.draw();
  }

  await show(route);
  return {
    get timeline() {
      return grid;
    },
    update: show,
    destroy() {
      run += 1;
      clearTimeout(timer);
      for (const stop of deaf) stop();
      sized.disconnect();
      clear();
      render(null, top);
      root.remove();
    },
  };
}
