/** Bits of the timeline's `flags` column. */
export const FAVOURITE = 1;
export const MOTION = 2;
export const RAW_BESIDE = 4;
export const BURST = 8;
export const ANIMATED = 16;
export const NOT_READY = 32;

/**
 * What makes the address of a rendition change with the picture.
 * @param {string | null} thumbhash
 * @param {number} flags
 */
export function renditionVersion(thumbhash, flags) {
  if (flags & NOT_READY || !thumbhash) return "standin";
  return thumbhash.replace(/[^a-zA-Z0-9]/g, "").slice(0, 12);
}
