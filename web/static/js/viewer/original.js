// Previews first; the original replaces the preview when someone zooms in far enough to miss it.
import { originalOf, PREVIEW_PX } from "/static/js/viewer/slides.js";
import { fileOf } from "/static/js/viewer/files.js";

const SETTLE_MS = 120;

/** @param {any} pswp */
export function sharpenWhenZoomed(pswp) {
  let timer = 0;
  pswp.on("zoomPanUpdate", ({ slide }) => {
    if (slide.data.type !== "image" || slide.data.sharp || slide.currZoomLevel <= slide.zoomLevels.initial * 1.02) return;
    clearTimeout(timer);
    timer = setTimeout(() => sharpen(pswp, slide), SETTLE_MS);
  });
  pswp.on("destroy", () => clearTimeout(timer));
}

async function sharpen(pswp, slide) {
  const shown = Math.max(slide.width, slide.height) * slide.currZoomLevel * devicePixelRatio;
  if (shown <= PREVIEW_PX * 1.1 || slide.data.sharp) return;
  const file = await fileOf(slide.data.id).catch(() => null);
  const source = file && originalOf(file, slide.data);
  if (!source || slide.data.sharp) return;
  slide.data.sharp = true;
  const image = new Image();
  image.src = source;
  try {
    await image.decode();
  } catch {
    return; // the preview stays
  }
  if (!pswp.isDestroying && slide.content?.element?.tagName === "IMG") slide.content.element.src = source;
}

/**
 * Give the current slide the true size of its file, so that 100 % means 100 % and small pictures are not blown up.
 * @param {any} pswp @param {any} slide @param {any} file
 */
export function adoptSize(pswp, slide, file) {
  if (!file.width || !file.height || slide.data.type === "wait" || pswp.isDestroying || slide !== pswp.currSlide) return;
  if (!pswp.opener.isOpen) {
    pswp.on("openingAnimationEnd", () => adoptSize(pswp, slide, file));
    return;
  }
  if (slide.width === file.width && slide.height === file.height) return;
  const untouched = slide.currZoomLevel === slide.zoomLevels.initial;
  for (const part of [slide.data, slide.content, slide]) {
    part.width = file.width;
    part.height = file.height;
  }
  if (untouched) slide.resize();
}
