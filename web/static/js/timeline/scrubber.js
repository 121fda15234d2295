import { el } from "/static/js/lib/dom.js";
import { count, monthName, monthShort } from "/static/js/lib/format.js";

const LABEL_SPACE = 22; // px between year labels
const HIDE_AFTER_MS = 1200;

/**
 * The rail of years at the right edge. Places on it follow the number of photos, not pixels, so that it does not move
 * when heights are corrected.
 */
export class Scrubber {
  /** @param {import("./view.js").TimelineView} view */
  constructor(view) {
    this.view = view;
    this.labels = el("div", { class: "scrubber-labels", "aria-hidden": "true" });
    this.thumb = el("div", { class: "scrubber-thumb", "aria-hidden": "true" });
    this.bubble = el("div", { class: "scrubber-bubble", "aria-hidden": "true" });
    this.hint = el("div", { class: "scrubber-hint", "aria-hidden": "true" });
    this.root = el(
      "div",
      { class: "scrubber", role: "slider", tabindex: "0", "aria-orientation": "vertical", "aria-label": "Move through time", "aria-valuemin": "0" },
      this.labels,
      this.hint,
      this.thumb,
      this.bubble,
    );
    this.dragging = false;
    this.hideTimer = 0;
    this.drawnY = NaN;
    this.height = 1;
    view.addEventListener("moved", () => this.#follow());
    this.root.addEventListener("pointerdown", (event) => this.#grab(event));
    this.root.addEventListener("pointermove", (event) => this.#move(event));
    this.root.addEventListener("pointerleave", () => this.root.classList.remove("is-pointed"));
    for (const name of ["pointerup", "pointercancel"]) this.root.addEventListener(name, () => this.#letGo());
    this.root.addEventListener("keydown", (event) => this.#key(event));
    new ResizeObserver(() => this.draw()).observe(this.root);
  }

  /** Write the years again, after months came or went. */
  draw() {
    this.height = this.root.clientHeight || 1;
    const { list, total } = this.view.months;
    this.root.hidden = total < 20;
    this.root.setAttribute("aria-valuemax", String(Math.max(0, list.length - 1)));
    const nodes = [];
    let year = "";
    let lastY = -LABEL_SPACE;
    for (const month of list) {
      const y = (month.before / total) * this.height;
      if (month.month.slice(0, 4) === year) continue;
      year = month.month.slice(0, 4);
      if (y - lastY < LABEL_SPACE || y > this.height - 14) continue;
      lastY = y;
      const label = el("span", { class: "scrubber-year" }, year);
      label.style.transform = `translateY(${Math.round(y)}px)`;
      nodes.push(label);
    }
    this.labels.replaceChildren(...nodes);
    this.#follow();
  }

  /** @returns {{ position: number, fraction: number }} what is at the top of the screen */
  #current() {
    const { months, y } = this.view;
    const top = Math.max(0, y + 8);
    const position = months.positionAt(top);
    const month = months.list[position];
    return { position, fraction: month ? Math.min(1, Math.max(0, (top - month.top) / month.height)) : 0 };
  }

  #follow() {
    const { list, total } = this.view.months;
    if (!total) return;
    const { position, fraction } = this.#current();
    const month = list[position];
    if (!this.dragging) this.#placeThumb(((month.before + fraction * month.count) / total) * this.height, month.month);
    this.root.setAttribute("aria-valuenow", String(position));
    this.root.setAttribute("aria-valuetext", `${monthName(month.month)}, ${count(month.count)}`);
    if (Math.abs(this.view.y - this.drawnY) >= 1) this.#show(); // not for what is only drawn anew
    this.drawnY = this.view.y;
  }

  #placeThumb(y, month) {
    const at = `translateY(${Math.round(Math.min(this.height - 2, Math.max(0, y)))}px)`;
    this.thumb.style.transform = at;
    this.bubble.style.transform = at;
    if (this.bubble.textContent !== monthShort(month)) this.bubble.textContent = monthShort(month);
  }

  /** On phones the rail shows only while the page moves. */
  #show() {
    this.root.classList.add("is-moving");
    clearTimeout(this.hideTimer);
    this.hideTimer = setTimeout(() => this.root.classList.remove("is-moving"), HIDE_AFTER_MS);
  }

  /** @param {PointerEvent} event */
  #placeOf(event) {
    const { months } = this.view;
    const y = event.clientY - this.root.getBoundingClientRect().top;
    const photo = (Math.min(this.height - 1, Math.max(0, y)) / this.height) * months.total;
    const { month } = months.locate(Math.min(months.total - 1, Math.floor(photo)));
    return { y, month, position: months.list.indexOf(month), fraction: (photo - month.before) / month.count };
  }

  #grab(event) {
    if (event.button !== 0) return;
    event.preventDefault();
    this.root.setPointerCapture(event.pointerId);
    this.root.focus({ preventScroll: true });
    this.dragging = true;
    this.root.classList.add("is-dragging");
    this.#move(event);
  }

  #move(event) {
    if (!this.view.months.total) return;
    const place = this.#placeOf(event);
    if (!this.dragging) {
      this.root.classList.toggle("is-pointed", event.pointerType === "mouse");
      this.hint.style.transform = `translateY(${Math.round(place.y)}px)`;
      this.hint.textContent = monthShort(place.month.month);
      return;
    }
    this.#placeThumb(place.y, place.month.month);
    // The start of a month is where people want to land: its first tenth holds on to it.
    this.view.scrollToMonth(place.position, place.fraction < 0.1 ? 0 : place.fraction);
  }

  #letGo() {
    this.dragging = false;
    this.root.classList.remove("is-dragging");
    this.#follow();
  }

  #key(event) {
    const { list } = this.view.months;
    const { position } = this.#current();
    const year = list[position]?.month.slice(0, 4);
    const steps = {
      ArrowDown: position + 1,
      ArrowRight: position + 1,
      ArrowUp: position - 1,
      ArrowLeft: position - 1,
      Home: 0,
      End: list.length - 1,
      PageDown: list.findIndex((month, i) => i > position && month.month.slice(0, 4) !== year),
      PageUp: list.findIndex((month) => month.month.slice(0, 4) === String(Number(year) + 1)),
    };
    if (!(event.key in steps)) return;
    event.preventDefault();
    let target = steps[event.key];
    if (target < 0) target = event.key === "PageDown" ? list.length - 1 : 0;
    this.view.scrollToMonth(Math.min(list.length - 1, target));
  }
}
