// The search page: what was asked for is in the address; every other query is a new page of the same kind.
import { api } from "/static/js/lib/api.js";
import { announce } from "/static/js/lib/dom.js";
import { plural } from "/static/js/lib/format.js";
import { setTitle } from "/static/js/lib/house.js";
import { html, render } from "/static/js/lib/preact.js";
import { Frame } from "/static/js/search/frame.js";
import { Head } from "/static/js/search/head.js";
import { Home } from "/static/js/search/home.js";
import { Nothing } from "/static/js/search/nothing.js";
import { MOST_BY_DATE, Results } from "/static/js/search/results.js";

const MOST_SIMILAR = 60;

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
  const frame = new Frame(holder, "search-page", ["FileAdded", "FileChanged", "reconnected"]);
  const { top } = frame;

  /** @param {import("../router.js").Route} now */
  async function show(now) {
    const isShown = frame.begin();
    const asked = askedOf(now);
    setTitle(asked.query || (asked.like ? "Similar photos" : "Search"));
    if (!asked.query.trim() && !asked.like) {
      render(null, top);
      frame.say(html`<${Home} />`);
      return;
    }
    const results = new Results(askerOf(asked), asked.order);
    const slow = setTimeout(() => {
      render(html`<${Head} asked=${asked} answer=${null} shown=${0} />`, top);
      frame.say(html`<div class="panel-wait"><span class="spinner"></span></div>`);
    }, 250);
    try {
      await results.refresh();
    } catch (error) {
      if (!isShown()) return;
      clearTimeout(slow);
      render(html`<${Head} asked=${asked} answer=${null} shown=${0} />`, top);
      frame.fail(error, () => show(now));
      return;
    } finally {
      clearTimeout(slow);
    }
    if (!isShown()) return;
    frame.clear();
    let news = 0;
    const draw = () => {
      if (!isShown()) return;
      const left = results.total;
      const answer = { ...results.answer, total: asked.order === "date" && results.answer.total > MOST_BY_DATE ? results.answer.total : left };
      render(html`<${Head} asked=${asked} answer=${answer} shown=${left} news=${news} onNews=${() => show(now)} />`, top);
      if (!left) frame.say(html`<${Nothing} asked=${asked} answer=${answer} />`);
    };
    // Whether there is more now is offered, not forced upon somebody who is looking.
    if (!asked.like) {
      frame.again = async () => {
        const found = await askerOf(asked)(0, 1).catch(() => null); // offline: asked again with the next message
        if (!isShown() || !found) return;
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
    if (results.total) frame.open(results).view.addEventListener("refreshed", draw);
  }

  await show(route);
  return frame.page(show);
}
