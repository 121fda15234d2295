// Files of the API as the columns that the grid draws, and why they were found in words.
import { localTime } from "/static/js/lib/format.js";
import { ANIMATED, FAVOURITE, MOTION, NOT_READY, RAW_BESIDE } from "/static/js/timeline/flags.js";

/**
 * @typedef {{ kind: string, text: string }} Reason
 * @typedef {{ file: any, score: number, why?: Reason[] }} Hit
 * @typedef {import("../timeline/months.js").Columns & { note: string[], why: Reason[][], score: number[] }} HitColumns
 */

const WORDS = {
  meaning: "it shows what you mean",
  tag: "tag",
  text: "text in the picture",
  person: "person",
  place: "place",
  caption: "caption",
  description: "description",
  name: "name of the file",
  album: "album",
  camera: "camera",
  date: "date",
};

/** Icon and words for a reason. @param {Reason} reason */
export function reasonWords({ kind, text }) {
  return { icon: REASON_ICONS[kind] ?? "search", label: WORDS[kind] ?? kind, text };
}

const REASON_ICONS = {
  meaning: "sparkles",
  tag: "tag",
  text: "scan-text",
  person: "user",
  place: "map-pin",
  caption: "captions",
  description: "text-quote",
  name: "file-text",
  album: "bookmark",
  camera: "camera",
  date: "calendar",
};

/** All reasons in one sentence, for those who hear them. @param {Reason[]} why */
export function reasonSentence(why) {
  if (!why.length) return "";
  return `found by ${why.map(({ kind, text }) => (text ? `${WORDS[kind] ?? kind} ${text}` : (WORDS[kind] ?? kind))).join(", ")}`;
}

/** @param {any} file @returns {string} the wall clock of the place it was taken at; "" when nobody knows */
export const startOf = (file) => (file.start ? localTime(file.start, file.utc_offset_min) : "");

/** @param {any} file */
function flagsOf(file) {
  return (
    (file.favourite ? FAVOURITE : 0) |
    (file.kind !== "video" && file.video_url ? MOTION : 0) |
    (file.related_files?.some(({ role }) => role === "raw_of") ? RAW_BESIDE : 0) |
    (file.animated ? ANIMATED : 0) |
    (file.thumbhash ? 0 : NOT_READY)
  );
}

/** @param {Hit[]} hits @returns {HitColumns} */
export function columnsOfHits(hits) {
  const files = hits.map(({ file }) => file);
  return {
    month: "",
    count: hits.length,
    ids: files.map(({ id }) => id),
    ratio: files.map(({ width, height }) => (width && height ? width / height : null)),
    thumbhash: files.map(({ thumbhash }) => thumbhash),
    kind: files.map(({ kind }) => kind),
    start: files.map(startOf),
    duration: files.map(({ duration_s: duration }) => duration),
    flags: files.map(flagsOf),
    note: hits.map(({ why }) => reasonSentence(why ?? [])),
    why: hits.map(({ why }) => why ?? []),
    score: hits.map(({ score }) => score),
  };
}
