// The viewer: PhotoSwipe over the timeline's order, with the address bar, the keys and the information beside it.
import { setTitle, titled } from "/static/js/lib/house.js";
import PhotoSwipe from "/static/vendor/photoswipe-5.4.4/photoswipe.esm.min.js";
import { announce, coverPage, isTyping, prefersReducedMotion } from "/static/js/lib/dom.js";
import { dayFull, localTime } from "/static/js/lib/format.js";
import { adjust, download, moveToTrash, toggleFavourite } from "/static/js/viewer/actions.js";
import { addButtons } from "/static/js/viewer/buttons.js";
import { fileOf, filesChanged } from "/static/js/viewer/files.js";
import { createFaces } from "/static/js/viewer/faces.js";
import { createInfoColumn } from "/static/js/viewer/column.js";
import { addVideoSlides, playMotion, toggleVideo } from "/static/js/viewer/moving.js";
import { adoptSize, sharpenWhenZoomed } from "/static/js/viewer/original.js";
import { createText } from "/static/js/viewer/text.js";
import { slideAt, slideOfFile, wordsOf } from "/static/js/viewer/slides.js";
import { go, route } from "/static/js/router.js";
import { renditionVersion } from "/static/js/timeline/flags.js";
import { showHelp } from "/static/js/ui/help.js";

const MOST_ENLARGED = 2; // a small picture fills the screen only up to this; more would be mush

/** How large a slide is at first: all of it on screen. @param {any} level PhotoSwipe's zoom level */
function initialZoomLevel({ elementSize, panAreaSize, itemData }) {
  const fit = Math.min(panAreaSize.x / elementSize.x, panAreaSize.y / elementSize.y);
  return itemData.type === "image" ? Math.min(fit, MOST_ENLARGED) : fit;
}

/** A video's own controls stand above the buttons at a phone's lower edge. @param {{ x: number, y: number }} screen @param {import("./slides.js").Slide} slide */
function roomForButtons({ x, y }, { type }) {
  const room = type === "video" && x < 600 && y > 400 ? 60 : 0;
  return { top: room, bottom: room, left: 0, right: 0 };
}

/** @type {Viewer | null} */
let open = null;

/**
 * Open a photo.
 * @param {ReturnType<import("../timeline/timeline.js").createTimeline>} timeline
 * @param {string} id
 * @param {{ linked: boolean, back?: boolean }} options linked: the address named it; back: there is a page of ours behind it all the same
 */
export async function openViewer(timeline, id, { linked, back = false }) {
  if (open) return;
  let index = timeline.months.indexOf(id);
  let single = null;
  if (index < 0) {
    const file = await fileOf(id).catch((error) => ({ error }));
    if (file.error) {
      single = { id, type: "missing", width: 1200, height: 800, alt: "", kind: "", flags: 0, start: "", duration: null, version: "", message: file.error.message };
    } else {
      const month = file.start && timeline.months.list.find((entry) => entry.month === localTime(file.start, file.utc_offset_min).slice(0, 7));
      if (month) await timeline.months.load(month);
      index = timeline.months.indexOf(id);
      if (index < 0) single = slideOfFile(file);
      else await timeline.view.reveal(index);
    }
  }
  open = new Viewer(timeline, { index: Math.max(0, index), single, linked, back });
}

class Viewer {
  constructor(timeline, { index, single, linked, back }) {
    this.timeline = timeline;
    this.months = timeline.months;
    this.single = single;
    this.pushed = back;
    this.title = titled();
    this.leaving = false;
    this.ready = false;
    /** @type {(() => void) | undefined} */
    this.early = undefined;
    timeline.hold(true);
    const still = prefersReducedMotion();
    this.pswp = new PhotoSwipe({
      index,
      dataSource: [],
      loop: false,
      bgOpacity: 1,
      spacing: 0.04,
      wheelToZoom: true,
      preload: [1, 2],
      showHideAnimationType: still ? "none" : "zoom",
      zoomAnimationDuration: still ? 0 : 260,
      showAnimationDuration: still ? 0 : 260,
      hideAnimationDuration: still ? 0 : 220,
      easing: "cubic-bezier(.3,0,.1,1)",
      initialZoomLevel,
      secondaryZoomLevel: (level) => Math.max(level.initial * 2.5, Math.min(1, level.fit * 4)),
      maxZoomLevel: (level) => Math.max(2, level.fit * 4, level.initial * 3),
      getViewportSizeFn: () => ({ x: innerWidth - this.info.width(), y: innerHeight - this.info.height() }),
      paddingFn: roomForButtons,
      trapFocus: false,
      returnFocus: false,
      imageClickAction: "zoom",
      tapAction: "toggle-controls",
      bgClickAction: "close",
      errorMsg: "There is no preview of it yet. Download gives you the original.",
      mainClass: "viewer",
      zoom: false,
      counter: false,
      arrowPrevTitle: "Previous (←)",
      arrowNextTitle: "Next (→)",
      closeTitle: "Back (Esc)",
    });
    this.faces = createFaces(this.pswp, { slide: () => this.slide(), leaveTo: (path) => this.leaveTo(path) });
    this.text = createText(this.pswp, { slide: () => this.slide() });
    this.info = createInfoColumn(this.pswp, () => this.slide(), {
      onFace: (face) => this.faces.open(face),
      onPerson: (path) => this.leaveTo(path),
      onAdd: () => this.drawFace(),
    });
    this.#data();
    addVideoSlides(this.pswp);
    sharpenWhenZoomed(this.pswp);
    this.buttons = addButtons(this.pswp, this);
    this.#events(linked);
    this.deaf = filesChanged.watch((ids) => ids.includes(this.slide().id) && this.#lookAgain(this.slide()));
    this.pswp.init();
  }

  /** @returns {import("./slides.js").Slide} what is on screen */
  slide() {
    return this.pswp.currSlide?.data ?? this.single ?? slideAt(this.months, this.pswp.currIndex);
  }

  #data() {
    const { pswp, months } = this;
    pswp.addFilter("numItems", () => (this.single ? 1 : months.total));
    pswp.addFilter("itemData", (_data, index) => this.single ?? slideAt(months, index));
    pswp.addFilter("placeholderSrc", (_src, content) => content.data.msrc || false);
    pswp.addFilter("thumbEl", () => this.timeline.view.tile(this.slide().id)?.root ?? null);
    pswp.addFilter("thumbBounds", (bounds, data) => {
      const tile = this.timeline.view.tile(data?.id ?? this.slide().id);
      if (!tile) return undefined;
      const box = tile.root.getBoundingClientRect();
      return box.bottom < 0 || box.top > innerHeight ? undefined : { x: box.left, y: box.top, w: box.width };
    });
  }

  #events(linked) {
    const { pswp } = this;
    const keys = (/** @type {KeyboardEvent} */ event) => this.#key(event);
    const popped = () => this.#popped();
    pswp.on("firstUpdate", () => {
      document.addEventListener("keydown", keys, true);
      addEventListener("popstate", popped);
      document.documentElement.classList.add("viewer-open");
      pswp.element.setAttribute("aria-label", "Photo viewer");
      pswp.element.setAttribute("aria-modal", "true");
      coverPage(true);
      if (!linked) {
        history.pushState({ viewer: true, base: route.get().path }, "", `/photo/${this.slide().id}`);
        this.pushed = true;
      }
    });
    pswp.on("change", () => this.#changed());
    pswp.on("openingAnimationEnd", () => {
      pswp.element?.setAttribute("data-ready", ""); // keys and gestures are heard from now on
      pswp.element?.focus();
      this.ready = true;
      this.early?.();
    });
    pswp.on("close", () => {
      this.info.hide();
      if (!this.leaving) this.#leave();
    });
    pswp.on("destroy", () => {
      document.removeEventListener("keydown", keys, true);
      removeEventListener("popstate", popped);
      coverPage(false);
      document.documentElement.classList.remove("viewer-open");
      setTitle(this.title);
      this.info.destroy();
      this.deaf();
      open = null;
      this.timeline.hold(false);
      this.timeline.view.tile(this.lastId ?? "")?.root.focus({ preventScroll: true });
    });
  }

  /** Another photo came on screen. */
  #changed() {
    const { pswp } = this;
    const slide = this.slide();
    if (!slide.id) {
      this.#wait();
      return;
    }
    this.lastId = slide.id;
    const path = `/photo/${slide.id}`;
    if (location.pathname !== path && !this.leaving) history.replaceState(history.state, "", path);
    setTitle(dayFull(slide.start));
    announce(wordsOf(slide));
    this.buttons.update();
    this.info.show();
    this.#loadAround();
    const current = pswp.currSlide;
    fileOf(slide.id).then((file) => adoptSize(pswp, current, file)).catch(() => null); // the column shows the reason
    // The grid follows, so that closing lands on the tile of this photo.
    if (!this.single && pswp.opener?.isOpen) this.timeline.view.reveal(pswp.currIndex);
  }

  /** The month of this place is still on its way. */
  async #wait() {
    const at = this.pswp.currIndex;
    const found = this.months.locate(at);
    if (!found) return;
    await this.months.load(found.month);
    if (this.pswp.isDestroying || !found.month.columns) return;
    this.refresh();
  }

  #loadAround() {
    for (const step of [-3, 3]) {
      const found = this.months.locate(this.pswp.currIndex + step);
      if (found && !found.month.columns) this.months.load(found.month).then(() => found.month.columns && !this.pswp.isDestroying && this.refresh(true));
    }
  }

  /** Read the slides on both sides (and this one) again. @param {boolean} [neighboursOnly] */
  refresh(neighboursOnly = false) {
    const { pswp } = this;
    for (const step of [-1, 0, 1]) {
      if (step === 0 && neighboursOnly) continue;
      const holder = pswp.mainScroll.itemHolders[step + 1];
      if (neighboursOnly && holder?.slide?.data.type !== "wait") continue;
      pswp.refreshSlideContent(pswp.currIndex + step);
    }
  }

  #key(event) {
    if (isTyping(event) && event.target.closest(".face-card, .tag-new")) return; // the field hears its own keys
    if (event.key === "Escape" && isTyping(event)) {
      event.target.blur();
      event.stopPropagation();
      return;
    }
    if (isTyping(event) || event.ctrlKey || event.metaKey || event.altKey || document.querySelector("dialog[open]")) return;
    if (!this.ready) {
      // PhotoSwipe hears these only after its opening animation: kept until then.
      this.early = { Escape: () => this.pswp.close(), ArrowLeft: () => this.pswp.prev(), ArrowRight: () => this.pswp.next() }[event.key] ?? this.early;
    }
    const video = event.target.closest?.("video");
    const run = {
      i: () => this.info.toggle(),
      p: () => this.faces.toggle(),
      t: () => this.text.toggle(),
      f: () => this.favourite(),
      d: () => this.download(),
      e: () => this.adjust(),
      "?": () => showHelp(),
      Delete: () => this.trash(),
      Home: () => this.pswp.goTo(0),
      End: () => this.pswp.goTo(this.pswp.getNumItems() - 1),
      " ": () => this.space(),
    }[event.key];
    if (event.key === "Escape") {
      if (!this.faces.escape() && !this.text.escape()) return; // PhotoSwipe closes
      event.preventDefault();
      event.stopPropagation();
      return;
    }
    if (!run || (event.key === " " && (video || event.target.closest?.("button, a")))) return;
    event.preventDefault();
    event.stopPropagation();
    run();
  }

  /** Draw a face: the sheet of information makes room on phones. */
  drawFace() {
    if (this.info.height()) this.info.toggle();
    this.faces.add();
  }

  space() {
    if (toggleVideo(this.pswp)) return;
    if (this.slide().type === "image") this.pswp.toggleZoom();
  }

  async favourite() {
    const slide = this.slide();
    const asked = toggleFavourite(this.months, slide);
    this.buttons.update();
    announce((await asked) ? "Favourite" : "No longer a favourite");
    this.buttons.update();
  }

  motion() {
    return playMotion(this.pswp);
  }

  download() {
    download(this.slide());
  }

  /** Turn, crop and light the photo on screen. */
  adjust() {
    if (this.slide().type === "image") adjust(this.slide().id, (file) => this.#adopt(file));
  }

  /** Somebody has changed the photo on screen, here or elsewhere. @param {import("./slides.js").Slide} slide */
  async #lookAgain(slide) {
    // Only its renditions came: nothing may jump under a finger for that, unless there was nothing to see.
    if (slide.version === "standin" && !this.pswp.currSlide?.content.isError()) return;
    const file = await fileOf(slide.id).catch(() => null); // the column shows the reason
    if (file?.thumbhash && renditionVersion(file.thumbhash, 0) !== slide.version) this.#adopt(file);
  }

  /** The photo looks different now. @param {any} file */
  #adopt(file) {
    if (this.pswp.isDestroying) return;
    if (this.single?.id === file.id) this.single = slideOfFile(file);
    this.months.replace(file);
    this.timeline.changed();
    if (this.slide().id === file.id) {
      this.refresh();
      this.#changed();
    }
  }

  async trash() {
    const { id } = this.slide();
    if (!id || !(await moveToTrash(id, () => this.timeline.restored()))) return;
    if (this.single || this.months.total <= 1) {
      this.months.remove(id);
      this.timeline.changed();
      this.pswp.close();
      return;
    }
    const wasLast = this.pswp.currIndex === this.months.total - 1;
    this.months.remove(id);
    this.timeline.changed();
    if (wasLast) this.pswp.goTo(this.months.total - 1);
    this.refresh();
  }

  /** Closed by a button, a key or a gesture: put the address back. */
  #leave() {
    this.leaving = true;
    if (this.pushed) history.back();
    else history.replaceState(null, "", route.get().path);
  }

  /** Close, and go to another page of ours. @param {string} path */
  leaveTo(path) {
    this.leaving = true;
    this.pswp.options.showHideAnimationType = "none";
    this.pswp.close();
    go(path);
  }

  /** The back button was used. */
  #popped() {
    if (this.leaving) return;
    this.leaving = true;
    this.pswp.close();
  }
}
