import { thumbHashToRGBA } from "/static/vendor/thumbhash-0.1.1/thumbhash.js";

const KEEP = 1500;
/** @type {Map<string, ImageData | null>} in order of use, oldest first */
const decoded = new Map();

/** @param {string} hash base64 @returns {ImageData | null} */
function decode(hash) {
  const known = decoded.get(hash);
  if (known !== undefined) {
    decoded.delete(hash);
    decoded.set(hash, known);
    return known;
  }
  let image = null;
  try {
    const bytes = Uint8Array.from(atob(hash), (char) => char.charCodeAt(0));
    const { w, h, rgba } = thumbHashToRGBA(bytes);
    image = new ImageData(new Uint8ClampedArray(rgba), w, h);
  } catch {
    image = null; // a damaged hash costs its placeholder, nothing else
  }
  decoded.set(hash, image);
  if (decoded.size > KEEP) decoded.delete(decoded.keys().next().value);
  return image;
}

/**
 * Draw the blurred stand-in of a photo.
 * @param {HTMLCanvasElement} canvas
 * @param {string | null} hash base64 thumbhash
 */
export function drawPlaceholder(canvas, hash) {
  const image = hash ? decode(hash) : null;
  canvas.hidden = !image;
  if (!image) return;
  canvas.width = image.width;
  canvas.height = image.height;
  canvas.getContext("2d")?.putImageData(image, 0, 0);
}
