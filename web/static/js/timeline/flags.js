/** Bits of the timeline's `flags` column. */
export const FAVOURITE = 1;
export const MOTION = 2;
export const RAW_BESIDE = 4;
export const BURST = 8;
export const ANIMATED = 16;
export const NOT_READY = 32;

/**
 * What makes the address of a rendition change with the picture: both ends of its thumbhash, of which the second says
 * how it was adjusted. The server knows it too (`rendition_version` in web/api/content.py).
 * @param {string | null} thumbhash
 * @param {number} flags
 */
export function renditionVersion(thumbhash, flags) {
  if (flags & NOT_READY || !thumbhash) return "standin";
  const plain = thumbhash.replace(/[^a-zA-Z0-9]/g, "");
  return plain.slice(0, 6) + plain.slice(-12);
}
