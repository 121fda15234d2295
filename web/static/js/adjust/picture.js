// Draws what a recipe makes of a picture: what the server makes of it too (appliance/media/adjust.py), pixel by pixel.
import { cropPx, direction, frameSize, turnedSize } from "/static/js/adjust/recipe.js";

const CONTRAST = 0.8;
const LIFT = 2;
const SINK = 0.9;
const WARMTH_STOPS = 0.35;
const LINEAR_LUMA = [0.2126, 0.7152, 0.0722];

/** @typedef {HTMLImageElement | HTMLCanvasElement | ImageBitmap} Picture */

/** What becomes of each of the 256 values of red, green and blue. @param {import("./recipe.js").Light} light @returns {Float32Array[]} */
export function curves(light) {
  const gains = [2 ** (light.warmth * WARMTH_STOPS), 1, 2 ** (-light.warmth * WARMTH_STOPS)];
  const even = gains.reduce((sum, gain, i) => sum + gain * LINEAR_LUMA[i], 0);
  return gains.map((gain) => {
    const table = new Float32Array(256);
    for (let i = 0; i < 256; i++) {
      const value = i / 255;
      const linear = value <= 0.04045 ? value / 12.92 : ((value + 0.055) / 1.055) ** 2.4;
      const lit = Math.min(((linear * gain) / even) * 2 ** light.exposure, 1);
      let tone = lit <= 0.0031308 ? lit * 12.92 : 1.055 * lit ** (1 / 2.4) - 0.055;
      tone -= (light.contrast * CONTRAST * Math.sin(2 * Math.PI * tone)) / (2 * Math.PI);
      tone += light.shadows * (light.shadows > 0 ? LIFT : SINK) * tone * (1 - tone) ** 3;
      tone += light.highlights * (light.highlights > 0 ? SINK : LIFT) * (1 - tone) * tone ** 3;
      table[i] = Math.min(Math.max(tone, 0), 1) * 255;
    }
    return table;
  });
}

/** Light pixels in place. @param {ImageData} pixels @param {import("./recipe.js").Light} light */
export function shine({ data }, light) {
  const [red, green, blue] = curves(light);
  const colour = light.black_and_white ? 0 : 1 + light.saturation;
  for (let i = 0; i < data.length; i += 4) {
    let r = red[data[i]];
    let g = green[data[i + 1]];
    let b = blue[data[i + 2]];
    if (colour !== 1) {
      const luma = 0.299 * r + 0.587 * g + 0.114 * b;
      r = luma + (r - luma) * colour;
      g = luma + (g - luma) * colour;
      b = luma + (b - luma) * colour;
    }
    data[i] = r; // the array rounds and clips
    data[i + 1] = g;
    data[i + 2] = b;
  }
}

/** @param {import("./recipe.js").Light} light */
export const isLit = (light) => light.black_and_white || Object.values(light).some((value) => typeof value === "number" && value !== 0);

/**
 * The turned, mirrored and straightened picture, cropped or not, before any light.
 * @param {Picture} picture @param {import("./recipe.js").Recipe} recipe
 * @param {{ cropped: boolean, scale?: number, canvas?: HTMLCanvasElement }} options scale: of the picture's own pixels
 * @returns {HTMLCanvasElement}
 */
export function shape(picture, recipe, { cropped, scale = 1, canvas = document.createElement("canvas") }) {
  const { width, height } = picture;
  const frame = frameSize(recipe, width, height);
  const [left, top, across, down] = cropped ? cropPx(recipe, width, height) : [0, 0, frame[0], frame[1]];
  const [wide, high] = turnedSize(recipe, width, height);
  canvas.width = Math.max(1, Math.round(across * scale));
  canvas.height = Math.max(1, Math.round(down * scale));
  const pen = /** @type {CanvasRenderingContext2D} */ (canvas.getContext("2d", { willReadFrequently: true }));
  pen.imageSmoothingQuality = "high";
  const [cosine, sine] = direction(recipe.angle);
  // From the turned picture to the canvas: about the middle by the angle, then out of the crop.
  const x = frame[0] / 2 - left - (cosine * wide) / 2 + (sine * high) / 2;
  const y = frame[1] / 2 - top - (sine * wide) / 2 - (cosine * high) / 2;
  pen.setTransform(cosine * scale, sine * scale, -sine * scale, cosine * scale, x * scale, y * scale);
  if (recipe.mirror) pen.transform(-1, 0, 0, 1, wide, 0);
  if (recipe.turns === 1) pen.transform(0, 1, -1, 0, wide, 0);
  if (recipe.turns === 2) pen.transform(-1, 0, 0, -1, wide, high);
  if (recipe.turns === 3) pen.transform(0, -1, 1, 0, 0, high);
  pen.drawImage(picture, 0, 0);
  return canvas;
}

/** All of a recipe. @param {Picture} picture @param {import("./recipe.js").Recipe} recipe @returns {HTMLCanvasElement} */
export function render(picture, recipe) {
  const canvas = shape(picture, recipe, { cropped: true });
  if (isLit(recipe.light)) light(canvas, canvas, recipe.light);
  return canvas;
}

/** Draw `from`, lit, on `onto`. @param {HTMLCanvasElement} from @param {HTMLCanvasElement} onto @param {import("./recipe.js").Light} how */
export function light(from, onto, how) {
  const pixels = /** @type {CanvasRenderingContext2D} */ (from.getContext("2d")).getImageData(0, 0, from.width, from.height);
  if (isLit(how)) shine(pixels, how);
  onto.width = from.width;
  onto.height = from.height;
  /** @type {CanvasRenderingContext2D} */ (onto.getContext("2d")).putImageData(pixels, 0, 0);
}

/** The picture as it was taken. @param {string} id @returns {Promise<ImageBitmap>} */
export async function fetchPicture(id) {
  const image = new Image();
  image.src = `/api/v1/files/${encodeURIComponent(id)}/adjustments/before`;
  await image.decode();
  return createImageBitmap(image);
}
