// What PhotoSwipe is told about each photo. Pixels are counted on the timeline's order; a month not loaded yet is an empty slide.
import { fileUrl } from "/static/js/lib/api.js";
import { dayFull, localTime, timeOfDay } from "/static/js/lib/format.js";
import { ANIMATED, FAVOURITE, MOTION, renditionVersion } from "/static/js/timeline/flags.js";

export const PREVIEW_PX = 1440;
const ASSUMED_PX = 4000; // long side of an original until its file is known
const WEB_IMAGE = /^image\/(jpeg|png|webp|gif|avif|bmp|svg\+xml)$/;

/**
 * @typedef {{ id: string, type: "image" | "video" | "wait" | "missing", src?: string, msrc?: string, width: number, height: number, alt: string,
 *   kind: string, flags: number, start: string, duration: number | null, version: string, message?: string }} Slide
 */

/** @param {import("../timeline/months.js").Months} months @param {number} index @returns {Slide} */
export function slideAt(months, index) {
  const found = months.locate(index);
  const columns = found?.month.columns;
  if (!found || !columns || columns.ids[found.i] === undefined) {
    return { id: "", type: "wait", width: 1200, height: 800, alt: "", kind: "", flags: 0, start: "", duration: null, version: "" };
  }
  const { i } = found;
  return makeSlide({
    id: columns.ids[i],
    ratio: columns.ratio[i] || 1.5,
    kind: columns.kind[i],
    flags: columns.flags[i],
    start: columns.start[i] ?? "",
    duration: columns.duration[i],
    version: renditionVersion(columns.thumbhash[i], columns.flags[i]),
  });
}

/** A slide for a file that the timeline does not show, such as one in the trash. @param {any} file @returns {Slide} */
export function slideOfFile(file) {
  const flags = (file.favourite ? FAVOURITE : 0) | (file.kind !== "video" && file.video_url ? MOTION : 0);
  const ratio = file.width && file.height ? file.width / file.height : 1.5;
  const version = renditionVersion(file.thumbhash, flags);
  return makeSlide({ id: file.id, ratio, kind: file.kind, flags, start: file.start ? localTime(file.start, file.utc_offset_min) : "", duration: file.duration_s, version });
}

/** A photo in words, for who does not see it. @param {{ kind: string, start: string }} slide */
export const wordsOf = ({ kind, start }) => [kind === "video" ? "Video" : "Photo", dayFull(start), start && timeOfDay(start)].filter(Boolean).join(", ");

/** @returns {Slide} */
function makeSlide({ id, ratio, kind, flags, start, duration, version }) {
  const size = (/** @type {number} */ side) =>
    ratio >= 1 ? { width: side, height: Math.round(side / ratio) } : { width: Math.round(side * ratio), height: side };
  const common = { id, kind, flags, start, duration, version, msrc: fileUrl(id, "thumbnail", version), alt: wordsOf({ kind, start }) };
  if (kind === "video") return { ...common, type: "video", ...size(1920) };
  return { ...common, type: "image", src: fileUrl(id, "preview", version), ...size(ASSUMED_PX) };
}

/**
 * The original's address when this browser can show it and it is worth showing.
 * @param {any} file @param {Slide} slide
 * @returns {string | null}
 */
export function originalOf(file, slide) {
  if (Math.max(file.width ?? 0, file.height ?? 0) <= PREVIEW_PX) return null;
  if (file.adjusted) return `${fileUrl(file.id, "content", file.content_sha?.slice(0, 12) + file.adjusted)}&adjusted=1`;
  if (!WEB_IMAGE.test(file.mime_type) || slide.flags & ANIMATED) return null;
  return fileUrl(file.id, "content", file.content_sha?.slice(0, 12));
}
