// Coasts and borders as paths in a square of 0..1 (Web Mercator), decoded from TopoJSON: no tiles, nothing from elsewhere.
const SOURCES = { coarse: "/static/vendor/world-atlas-2.0.2/countries-110m.json", fine: "/static/vendor/world-atlas-2.0.2/countries-50m.json" };
const VERSION = new URL(import.meta.url).search; // the same version as this module
const MOST_NORTH = 85.0511;

/** @param {number} longitude @returns {number} 0..1 */
export const toX = (longitude) => (longitude + 180) / 360;

/** @param {number} latitude @returns {number} 0..1, the north at 0 */
export function toY(latitude) {
  const sine = Math.sin((Math.max(-MOST_NORTH, Math.min(MOST_NORTH, latitude)) * Math.PI) / 180);
  return 0.5 - Math.log((1 + sine) / (1 - sine)) / (4 * Math.PI);
}

/** @param {number} x */
export const toLongitude = (x) => x * 360 - 180;
/** @param {number} y */
export const toLatitude = (y) => (Math.atan(Math.sinh(Math.PI * (1 - 2 * y))) * 180) / Math.PI;

/** @type {Record<string, Promise<{ land: Path2D, borders: Path2D }>>} */
const loaded = {};

/** @param {"coarse" | "fine"} detail */
export function world(detail) {
  loaded[detail] ??= fetch(SOURCES[detail] + VERSION)
    .then((answer) => answer.json())
    .then(decode);
  return loaded[detail];
}

/** @param {any} topology */
function decode({ transform: { scale, translate }, arcs, objects }) {
  // Points are written as steps from the one before.
  const lines = arcs.map((/** @type {number[][]} */ arc) => {
    let [x, y] = [0, 0];
    return arc.map(([dx, dy]) => {
      x += dx;
      y += dy;
      return [toX(x * scale[0] + translate[0]), toY(y * scale[1] + translate[1])];
    });
  });
  const land = new Path2D();
  const uses = new Map();
  const ring = (/** @type {number[]} */ places) => {
    /** @type {number[][]} */
    const points = [];
    for (const place of places) {
      const index = place < 0 ? ~place : place;
      uses.set(index, (uses.get(index) ?? 0) + 1);
      const line = place < 0 ? [...lines[index]].reverse() : lines[index];
      for (const [x, y] of points.length ? line.slice(1) : line) {
        // Over the line of dates the land goes on outside the square, and stands there once more from the other side.
        const last = points.at(-1)?.[0] ?? x;
        points.push([x + Math.round(last - x), y]);
      }
    }
    const least = Math.min(...points.map(([x]) => x));
    const most = Math.max(...points.map(([x]) => x));
    for (const shift of [0, ...(least < 0 ? [1] : []), ...(most > 1 ? [-1] : [])]) {
      points.forEach(([x, y], i) => (i ? land.lineTo(x + shift, y) : land.moveTo(x + shift, y)));
      land.closePath();
    }
  };
  for (const { type, arcs: shape } of objects.countries.geometries) {
    for (const polygon of type === "Polygon" ? [shape] : (shape ?? [])) for (const part of polygon) ring(part);
  }
  // A line that two countries share is a border; coasts belong to one.
  const borders = new Path2D();
  for (const [index, times] of uses) {
    if (times < 2) continue;
    lines[index].forEach(([x, y], i) => (i && Math.abs(x - lines[index][i - 1][0]) < 0.5 ? borders.lineTo(x, y) : borders.moveTo(x, y)));
  }
  return { land, borders };
}
