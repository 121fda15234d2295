// What the page of a search and that of an album have in common: a head, a grid under it, and what the server tells.
import { el } from "/static/js/lib/dom.js";
import { onMessage } from "/static/js/lib/messages.js";
import { html, render } from "/static/js/lib/preact.js";
import { createGrid } from "/static/js/search/grid.js";
import { Failure } from "/static/js/ui/failure.js";

const CALM_MS = 2500; // an import, or a model at work, tells of many files in a row

/** @typedef {import("../router.js").Route} Route */

export class Frame {
  /** @param {HTMLElement} holder @param {string} name class of the page @param {string[]} hears messages after which `again` is called */
  constructor(holder, name, hears) {
    this.top = el("div", { class: "search-top" });
    this.body = el("div", { class: "search-body" });
    this.root = el("div", { class: name }, this.top, this.body);
    holder.replaceChildren(this.root);
    /** @type {ReturnType<typeof createGrid> | null} */
    this.grid = null;
    /** @type {() => Promise<void>} what is to be looked at again when something changed */
    this.again = async () => {};
    this.run = 0;
    this.timer = 0;
    const soon = () => {
      clearTimeout(this.timer);
      this.timer = setTimeout(() => this.again(), CALM_MS);
    };
    this.deaf = hears.map((message) => onMessage(message, soon));
    this.sized = new ResizeObserver(() => this.grid?.view.measure());
    this.sized.observe(this.top);
  }

  /** Another address is shown from now on. @returns {() => boolean} whether it still is */
  begin() {
    const mine = ++this.run;
    this.again = async () => {};
    return () => mine === this.run;
  }

  /** Take the grid, or what stood in its place, away. */
  clear() {
    this.grid?.destroy();
    this.grid = null;
    render(null, this.body);
  }

  /** @param {any} content under the head, in place of a grid */
  say(content) {
    this.clear();
    render(content, this.body);
  }

  /** @param {any} error @param {() => unknown} retry */
  fail(error, retry) {
    this.say(html`<${Failure} error=${error} onRetry=${retry} />`);
  }

  /** @param {Parameters<typeof createGrid>} of */
  open(...of) {
    this.clear();
    this.grid = createGrid(...of);
    this.body.append(this.grid.root);
    this.grid.view.measure();
    this.grid.view.draw();
    return this.grid;
  }

  /** What the switch of pages works with. @param {(route: Route) => Promise<void>} show */
  page(show) {
    const frame = this;
    return {
      get timeline() {
        return frame.grid;
      },
      update: show,
      destroy() {
        frame.run += 1;
        clearTimeout(frame.timer);
        for (const stop of frame.deaf) stop();
        frame.sized.disconnect();
        frame.clear();
        render(null, frame.top);
        frame.root.remove();
      },
    };
  }
}
