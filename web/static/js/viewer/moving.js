// Videos as slides, and the moving part of live and motion photos over their still picture.
import { fileUrl } from "/static/js/lib/api.js";
import { el } from "/static/js/lib/dom.js";

const CONTROLS_PX = 72; // the lower edge of a video belongs to its controls, not to swiping

/** Teach PhotoSwipe to show videos and waiting slides. @param {any} pswp */
export function addVideoSlides(pswp) {
  pswp.on("contentLoad", (event) => {
    const { content } = event;
    if (content.type === "video") {
      event.preventDefault();
      content.element = videoElement(content.data);
      content.state = "loading";
      content.onLoaded();
    } else if (content.type === "wait" || content.type === "missing") {
      event.preventDefault();
      content.element = el("div", { class: "slide-wait" }, content.type === "wait" ? el("span", { class: "spinner" }) : (content.data.message ?? ""));
      content.onLoaded();
    }
  });
  pswp.on("contentDeactivate", ({ content }) => content.element?.querySelector?.("video")?.pause());
  pswp.on("contentDestroy", ({ content }) => unload(content.element?.querySelector?.("video")));
  pswp.on("contentResize", (event) => {
    const { content, width, height } = event;
    if (content.type !== "video" || !content.element) return;
    event.preventDefault();
    content.element.style.width = `${width}px`;
    content.element.style.height = `${height}px`;
  });
  pswp.addFilter("isContentZoomable", (zoomable, content) => (content.type === "image" ? zoomable : false));
  pswp.addFilter("useContentPlaceholder", (use, content) => (content.type === "video" ? true : use));
  pswp.on("pointerDown", (event) => {
    const { originalEvent } = event;
    const video = originalEvent.target?.closest?.("video");
    if (video && originalEvent.clientY > video.getBoundingClientRect().bottom - CONTROLS_PX) event.preventDefault();
    if (originalEvent.target?.closest?.(".motion-button, .slide-note")) event.preventDefault();
  });
}

/** @param {import("./slides.js").Slide} slide */
function videoElement(slide) {
  const video = /** @type {HTMLVideoElement} */ (
    el("video", { controls: true, playsinline: true, preload: "metadata", poster: fileUrl(slide.id, "preview", slide.version), "aria-label": "Video" })
  );
  const holder = el("div", { class: "slide-video" }, video);
  video.addEventListener("error", () => {
    holder.append(
      el("div", { class: "slide-note" }, "This browser cannot play the video. ", el("a", { href: `${fileUrl(slide.id, "content")}?download=1`, download: true }, "Download it")),
    );
  });
  video.src = fileUrl(slide.id, "video", slide.version);
  return holder;
}

/** Stop a video and end its download. @param {HTMLVideoElement | null | undefined} video */
function unload(video) {
  if (!video) return;
  video.pause();
  video.removeAttribute("src");
  video.load();
}

/** Play or stop the current video. @param {any} pswp @returns {boolean} whether there was one */
export function toggleVideo(pswp) {
  const video = pswp.currSlide?.content?.element?.querySelector?.("video");
  if (!video) return false;
  if (video.paused) video.play().catch(() => null); // a refusal shows in the video itself
  else video.pause();
  return true;
}

/**
 * Play the moving part of a live photo over its picture, once.
 * @param {any} pswp @returns {() => void} stops it
 */
export function playMotion(pswp) {
  const slide = pswp.currSlide;
  const holder = slide?.container;
  if (!holder || holder.querySelector(".slide-motion")) return () => {};
  const video = /** @type {HTMLVideoElement} */ (el("video", { class: "slide-motion", playsinline: true, muted: true, "aria-hidden": "true" }));
  video.muted = true;
  const fit = () => {
    video.style.width = slide.content.element?.style.width || `${slide.width * slide.currZoomLevel}px`;
    video.style.height = slide.content.element?.style.height || `${slide.height * slide.currZoomLevel}px`;
  };
  const stop = () => {
    video.classList.remove("is-playing");
    setTimeout(() => {
      unload(video);
      video.remove();
    }, 250);
  };
  video.addEventListener("playing", () => video.classList.add("is-playing"));
  video.addEventListener("ended", stop);
  video.addEventListener("error", stop);
  video.src = fileUrl(slide.data.id, "video", slide.data.version);
  fit();
  holder.append(video);
  video.play().catch(stop);
  return stop;
}
