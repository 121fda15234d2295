// The buttons at the top of the viewer.
import { el } from "/static/js/lib/dom.js";
import { dateShort, dayFull, timeOfDay } from "/static/js/lib/format.js";
import { iconMarkup, iconNode } from "/static/js/lib/icon.js";
import { ANIMATED, FAVOURITE, MOTION } from "/static/js/timeline/flags.js";

const HOVER_MS = 300;

/** @param {any} pswp @param {any} viewer @returns {{ update: () => void }} */
export function addButtons(pswp, viewer) {
  /** @type {Record<string, HTMLElement>} */
  const made = {};
  const button = (name, order, icon, title, onClick) =>
    pswp.ui.registerElement({
      name,
      order,
      isButton: true,
      title,
      ariaLabel: title,
      html: iconMarkup(icon),
      onInit: (node) => {
        made[name] = node;
      },
      onClick: (event) => {
        event.stopPropagation();
        onClick();
      },
    });
  const update = () => {
    const slide = viewer.slide();
    const favourite = Boolean(slide.flags & FAVOURITE);
    for (const name of ["favourite", "faces", "text", "adjust", "info", "download", "trash"]) if (made[name]) made[name].hidden = slide.type === "missing";
    made.favourite?.classList.toggle("is-on", favourite);
    made.favourite?.setAttribute("aria-pressed", String(favourite));
    if (made.faces && slide.kind === "video") made.faces.hidden = true;
    made.faces?.setAttribute("aria-pressed", String(viewer.faces.isShown()));
    if (made.text && slide.kind === "video") made.text.hidden = true;
    made.text?.setAttribute("aria-pressed", String(viewer.text.isShown()));
    if (made.adjust && (slide.kind === "video" || slide.flags & ANIMATED)) made.adjust.hidden = true;
    made.info?.setAttribute("aria-pressed", String(viewer.info.isOpen()));
    if (made.motion) made.motion.hidden = slide.kind === "video" || !(slide.flags & MOTION);
    if (made.title && slide.start) {
      made.title.replaceChildren(el("strong", {}, innerWidth < 600 ? dateShort(slide.start) : dayFull(slide.start)), el("span", {}, timeOfDay(slide.start)));
    }
  };
  pswp.on("uiRegister", () => {
    pswp.ui.registerElement({ name: "title", order: 1, onInit: (node) => (made.title = node) });
    pswp.ui.registerElement({ name: "motion", order: 2, onInit: (node) => (made.motion = motionButton(node, viewer)) });
    button("favourite", 10, "heart", "Favourite (f)", () => viewer.favourite());
    button("faces", 11, "scan-face", "People on the photo (p)", () => viewer.faces.toggle());
    button("text", 11, "scan-text", "Text of the picture (t)", () => viewer.text.toggle());
    button("adjust", 12, "crop", "Adjust: turn, crop, light (e)", () => viewer.adjust());
    button("info", 12, "info", "Information (i)", () => viewer.info.toggle());
    button("download", 13, "download", "Download (d)", () => viewer.download());
    button("trash", 14, "trash-2", "Move to trash (Delete)", () => viewer.trash());
  });
  pswp.on("afterInit", update);
  viewer.info.onToggle(update);
  viewer.faces.onToggle(update);
  viewer.text.onToggle(update);
  return { update };
}

/** Hover, hold or press plays the moving part. */
function motionButton(node, viewer) {
  node.hidden = true;
  const button = el("button", { class: "motion-button", type: "button", title: "Play the moving part" }, iconNode("circle-dot", 18), "Live");
  let stop = () => {};
  let timer = 0;
  const start = () => {
    stop = viewer.motion();
  };
  button.addEventListener("click", start);
  button.addEventListener("pointerenter", (event) => {
    if (event.pointerType === "mouse") timer = setTimeout(start, HOVER_MS);
  });
  button.addEventListener("pointerleave", () => {
    clearTimeout(timer);
    stop();
  });
  node.append(button);
  return node;
}
