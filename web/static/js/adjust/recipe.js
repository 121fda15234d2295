// What is done to a picture before it is shown, and how large the result is: as appliance/media/recipe.py has it.

/**
 * @typedef {{ exposure: number, contrast: number, highlights: number, shadows: number, warmth: number, saturation: number, black_and_white: boolean }} Light
 * @typedef {[number, number, number, number]} Box left, top, width, height as fractions of the straightened picture
 * @typedef {{ turns: number, mirror: boolean, angle: number, crop: Box | null, aspect: string, light: Light }} Recipe
 */

/** @type {Light} */
export const NO_LIGHT = { exposure: 0, contrast: 0, highlights: 0, shadows: 0, warmth: 0, saturation: 0, black_and_white: false };
/** @type {Recipe} */
export const NOTHING = { turns: 0, mirror: false, angle: 0, crop: null, aspect: "free", light: NO_LIGHT };
export const ASPECTS = { free: 0, original: -1, square: 1, "4:3": 4 / 3, "3:2": 3 / 2, "16:9": 16 / 9 };
export const LEAST_CROP = 0.02;

/** @param {Recipe} recipe @param {Recipe} other */
export const isSame = (recipe, other) => JSON.stringify(plain(recipe)) === JSON.stringify(plain(other));

/** What the server is told. @param {Recipe} recipe @returns {Recipe} */
export function plain({ turns, mirror, angle, crop, aspect, light }) {
  const round = (/** @type {number} */ value, /** @type {number} */ digits) => Number(value.toFixed(digits)) + 0;
  const { exposure, contrast, highlights, shadows, warmth, saturation, black_and_white } = light;
  const whole = !crop || crop.every((value, i) => Math.abs(value - [0, 0, 1, 1][i]) < 1e-5);
  const [left, top, width, height] = crop ?? [0, 0, 1, 1];
  return {
    turns,
    mirror,
    angle: round(angle, 2),
    crop: whole ? null : [round(left, 5), round(top, 5), round(Math.min(width, 1 - left), 5), round(Math.min(height, 1 - top), 5)],
    aspect,
    light: { exposure: round(exposure, 3), contrast: round(contrast, 3), highlights: round(highlights, 3), shadows: round(shadows, 3), warmth: round(warmth, 3), saturation: round(saturation, 3), black_and_white },
  };
}

/** @param {number} angle in degrees @returns {[number, number]} cosine and sine */
export const direction = (angle) => (angle ? [Math.cos((angle * Math.PI) / 180), Math.sin((angle * Math.PI) / 180)] : [1, 0]);

/** @param {Recipe} recipe @param {number} width @param {number} height @returns {[number, number]} */
export const turnedSize = ({ turns }, width, height) => (turns % 2 ? [height, width] : [width, height]);

/** Of the straightened picture: the largest of the turned picture's shape that it fills. @param {Recipe} recipe @param {number} width @param {number} height @returns {[number, number]} */
export function frameSize(recipe, width, height) {
  const [wide, high] = turnedSize(recipe, width, height);
  const [cosine, signed] = direction(recipe.angle);
  const sine = Math.abs(signed);
  const scale = Math.min(wide / (wide * cosine + high * sine), high / (wide * sine + high * cosine));
  return [wide * scale, high * scale];
}

/** What is shown, in pixels of the frame. @param {Recipe} recipe @param {number} width @param {number} height @returns {Box} */
export function cropPx(recipe, width, height) {
  const frame = frameSize(recipe, width, height);
  const [left, top, wide, high] = recipe.crop ?? [0, 0, 1, 1];
  if (recipe.angle) return [left * frame[0], top * frame[1], Math.max(1, Math.floor(wide * frame[0])), Math.max(1, Math.floor(high * frame[1]))];
  const [across, down] = frame.map(Math.round);
  const x = Math.min(Math.round(left * across), across - 1);
  const y = Math.min(Math.round(top * down), down - 1);
  return [x, y, Math.max(1, Math.round((left + wide) * across) - x), Math.max(1, Math.round((top + high) * down) - y)];
}

/** The same picture, turned clockwise once more, or mirrored as it is seen now. @param {Recipe} recipe @param {{ turns?: number, mirror?: boolean }} how @returns {Recipe} */
export function turned(recipe, { turns = 0, mirror = false }) {
  let crop = recipe.crop;
  for (let left = turns; crop && left > 0; left--) crop = [1 - crop[1] - crop[3], crop[0], crop[3], crop[2]];
  if (crop && mirror) crop = [1 - crop[0] - crop[2], crop[1], crop[2], crop[3]];
  return {
    ...recipe,
    turns: (recipe.turns + (recipe.mirror ? 4 - turns : turns)) % 4,
    mirror: recipe.mirror !== mirror,
    angle: mirror ? -recipe.angle : recipe.angle,
    crop,
  };
}

/** How much wider than high a crop is in fractions of the frame when it has this shape; 0 when it is free. @param {string} aspect @param {boolean} tall @param {[number, number]} frame */
export function shapeOf(aspect, tall, frame) {
  const shape = ASPECTS[/** @type {keyof typeof ASPECTS} */ (aspect)];
  if (!shape) return 0;
  const ratio = shape < 0 ? frame[0] / frame[1] : tall ? 1 / shape : shape;
  return (ratio * frame[1]) / frame[0];
}

/** The largest box of a shape about the middle of another. @param {Box} box @param {number} shape in fractions @returns {Box} */
export function fitted(box, shape) {
  if (!shape) return box;
  const width = Math.min(1, shape);
  const height = Math.min(1, 1 / shape);
  const middle = [box[0] + box[2] / 2, box[1] + box[3] / 2];
  const inside = (/** @type {number} */ at, /** @type {number} */ size) => Math.min(Math.max(0, at - size / 2), 1 - size);
  return [inside(middle[0], width), inside(middle[1], height), width, height];
}

/**
 * A crop whose edge, corner or whole was dragged.
 * @param {Box} box as it was when the drag began
 * @param {string} handle some of n, e, s, w; "" moves it
 * @param {number} dx @param {number} dy in fractions of the frame @param {number} shape 0: free
 * @returns {Box}
 */
export function dragged(box, handle, dx, dy, shape) {
  const keep = (/** @type {number} */ value, /** @type {number} */ low, /** @type {number} */ high) => Math.min(Math.max(value, low), Math.max(low, high));
  if (!handle) return [keep(box[0] + dx, 0, 1 - box[2]), keep(box[1] + dy, 0, 1 - box[3]), box[2], box[3]];
  let [left, top, right, bottom] = [box[0], box[1], box[0] + box[2], box[1] + box[3]];
  if (handle.includes("w")) left = keep(left + dx, 0, right - LEAST_CROP * 2);
  if (handle.includes("e")) right = keep(right + dx, left + LEAST_CROP * 2, 1);
  if (handle.includes("n")) top = keep(top + dy, 0, bottom - LEAST_CROP * 2);
  if (handle.includes("s")) bottom = keep(bottom + dy, top + LEAST_CROP * 2, 1);
  if (!shape) return [left, top, right - left, bottom - top];
  // The edge across from the handle stays; of an edge alone, the middle of the other two.
  const roomX = handle.includes("w") ? right : handle.includes("e") ? 1 - left : 2 * Math.min((left + right) / 2, 1 - (left + right) / 2);
  const roomY = handle.includes("n") ? bottom : handle.includes("s") ? 1 - top : 2 * Math.min((top + bottom) / 2, 1 - (top + bottom) / 2);
  const wish = /^[ew]$/.test(handle) ? right - left : /^[ns]$/.test(handle) ? (bottom - top) * shape : Math.max(right - left, (bottom - top) * shape);
  const width = Math.min(wish, roomX, roomY * shape);
  const height = width / shape;
  const x = handle.includes("w") ? right - width : handle.includes("e") ? left : (left + right - width) / 2;
  const y = handle.includes("n") ? bottom - height : handle.includes("s") ? top : (top + bottom - height) / 2;
  return [keep(x, 0, 1 - width), keep(y, 0, 1 - height), width, height];
}
