// Justified rows: pure arithmetic, no DOM. Small days share a row, so that a life of single photos is not a column of headings.

/**
 * @typedef {{ width: number, target: number, gap: number, dayGap: number, monthHead: number, dayHead: number, bandGap: number }} Frame
 * @typedef {{ day: string, left: number, width: number, first: number }} Heading
 * @typedef {{ top: number, height: number, rowTop: number, rowHeight: number, first: number, last: number, headings: Heading[] }} Band
 * @typedef {{ height: number, bands: Band[], lefts: Float32Array, widths: Float32Array }} MonthLayout
 */

const MIN_RATIO = 0.4;
const MAX_RATIO = 3.2;
const MAX_GROWTH = 1.3; // a row that ends a day is stretched up to this to fill the width, else left ragged
const MIN_DAY_WIDTH = 104; // px: a heading such as "Wed, 18 May" must fit above a single narrow photo

/**
 * The measures of the grid for a screen.
 * @param {number} width of the grid in px
 * @returns {Frame}
 */
export function frameFor(width) {
  const small = width < 600;
  const target = small ? Math.max(104, width / 3.3) : width < 1100 ? 180 : width < 1900 ? 200 : 230;
  return { width, target, gap: small ? 3 : 6, dayGap: small ? 12 : 24, monthHead: small ? 56 : 72, dayHead: small ? 34 : 40, bandGap: small ? 14 : 22 };
}

/** @param {number | null} ratio */
const bounded = (ratio) => Math.min(MAX_RATIO, Math.max(MIN_RATIO, ratio || 1));

/**
 * Lay out one month.
 * @param {{ ratio: (number | null)[], start: string[] }} columns
 * @param {Frame} frame
 * @returns {MonthLayout}
 */
export function layoutMonth(columns, frame) {
  const total = columns.ratio.length;
  /** @type {MonthLayout} */
  const layout = { height: 0, bands: [], lefts: new Float32Array(total), widths: new Float32Array(total) };
  const ratios = columns.ratio.map(bounded);
  let top = frame.monthHead;
  /** @type {{ day: string, first: number, last: number }[]} */
  let shared = [];
  let sharedWidth = 0;

  const flush = () => {
    if (shared.length) top = placeShared(layout, ratios, shared, frame, top);
    shared = [];
    sharedWidth = 0;
  };
  for (const group of daysOf(columns.start)) {
    const natural = rowWidth(ratios, group.first, group.last, frame.target, frame.gap);
    const needed = Math.max(natural, MIN_DAY_WIDTH);
    if (natural > frame.width) {
      flush();
      top = placeDay(layout, ratios, group, frame, top);
      continue;
    }
    if (shared.length && sharedWidth + frame.dayGap + needed > frame.width) flush();
    sharedWidth += (shared.length ? frame.dayGap : 0) + needed;
    shared.push(group);
  }
  flush();
  layout.height = top;
  return layout;
}

/**
 * Lay out photos without regard to their days: every row is filled, but the last one if it is the end.
 * @param {{ ratio: (number | null)[] }} columns
 * @param {Frame} frame
 * @param {boolean} isEnd nothing comes after these
 * @returns {MonthLayout}
 */
export function layoutFlow(columns, frame, isEnd) {
  const ratios = columns.ratio.map(bounded);
  const total = ratios.length;
  /** @type {MonthLayout} */
  const layout = { height: 0, bands: [], lefts: new Float32Array(total), widths: new Float32Array(total) };
  const rows = Math.max(1, Math.round(rowWidth(ratios, 0, total, frame.target, frame.gap) / frame.width));
  let left = ratios.reduce((sum, ratio) => sum + ratio, 0);
  let top = 0;
  let first = 0;
  for (let row = 0; first < total; row += 1) {
    // Rows of a list that goes on share what there is equally; the end of a list is filled from the top.
    const takesRest = !isEnd && row === rows - 1;
    const share = isEnd ? frame.width / frame.target : left / (rows - row);
    let sum = ratios[first];
    let last = first + 1;
    while (last < total && (takesRest || sum + ratios[last] / 2 <= share)) sum += ratios[last++];
    const filling = (frame.width - frame.gap * (last - first - 1)) / sum;
    const exact = isEnd && last === total && filling > frame.target * MAX_GROWTH ? frame.target : filling;
    placeRow(layout, ratios, first, last, exact, frame);
    const height = Math.floor(exact);
    layout.bands.push({ top, height, rowTop: 0, rowHeight: height, first, last, headings: [] });
    top += height + frame.gap;
    left -= sum;
    first = last;
  }
  layout.height = top;
  return layout;
}

/** @param {string[]} starts newest first */
function daysOf(starts) {
  const groups = [];
  for (let i = 0; i < starts.length; i += 1) {
    const day = (starts[i] ?? "").slice(0, 10);
    const open = groups.at(-1);
    if (open && open.day === day) open.last = i + 1;
    else groups.push({ day, first: i, last: i + 1 });
  }
  return groups;
}

/** @param {number[]} ratios @param {number} first @param {number} last @param {number} height @param {number} gap */
function rowWidth(ratios, first, last, height, gap) {
  let sum = 0;
  for (let i = first; i < last; i += 1) sum += ratios[i];
  return sum * height + gap * (last - first - 1);
}

/** Several small days side by side in one row. @param {MonthLayout} layout @param {number[]} ratios @param {Frame} frame */
function placeShared(layout, ratios, groups, frame, top) {
  const first = groups[0].first;
  const last = groups.at(-1).last;
  const gaps = frame.gap * (last - first - groups.length) + frame.dayGap * (groups.length - 1);
  let sum = 0;
  for (let i = first; i < last; i += 1) sum += ratios[i];
  const filling = (frame.width - gaps) / sum;
  const height = Math.floor(filling <= frame.target * MAX_GROWTH ? Math.max(filling, frame.target * 0.8) : frame.target);
  const band = { top, height: frame.dayHead + height, rowTop: frame.dayHead, rowHeight: height, first, last, headings: [] };
  let left = 0;
  for (const group of groups) {
    const start = left;
    for (let i = group.first; i < group.last; i += 1) {
      layout.lefts[i] = left;
      layout.widths[i] = Math.floor(ratios[i] * height);
      left += layout.widths[i] + frame.gap;
    }
    const width = Math.max(left - frame.gap - start, MIN_DAY_WIDTH);
    band.headings.push({ day: group.day, left: start, width, first: group.first });
    left = start + width + frame.dayGap;
  }
  // Rounding and narrow days may push the row past the edge: squeeze it back.
  const over = left - frame.dayGap - frame.width;
  if (over > 0) squeeze(layout, band, frame.width / (frame.width + over));
  layout.bands.push(band);
  return top + band.height + frame.bandGap;
}

function squeeze(layout, band, factor) {
  for (let i = band.first; i < band.last; i += 1) {
    layout.lefts[i] = Math.floor(layout.lefts[i] * factor);
    layout.widths[i] = Math.floor(layout.widths[i] * factor);
  }
  for (const heading of band.headings) {
    heading.left = Math.floor(heading.left * factor);
    heading.width = Math.floor(heading.width * factor);
  }
}

/** One day that needs rows of its own: breaks where the row height comes nearest to the target. */
function placeDay(layout, ratios, group, frame, top) {
  let first = group.first;
  while (first < group.last) {
    let sum = 0;
    let last = first;
    let height = Infinity;
    while (last < group.last) {
      const wider = sum + ratios[last];
      const lower = (frame.width - frame.gap * (last - first)) / wider;
      if (lower < frame.target && last > first && frame.target - lower > height - frame.target) break;
      sum = wider;
      height = lower;
      last += 1;
      if (height < frame.target) break;
    }
    const exact = height <= frame.target * MAX_GROWTH ? height : frame.target;
    const rowHeight = Math.floor(exact);
    const head = first === group.first ? frame.dayHead : 0;
    placeRow(layout, ratios, first, last, exact, frame);
    const headings = head ? [{ day: group.day, left: 0, width: frame.width, first }] : [];
    layout.bands.push({ top, height: head + rowHeight, rowTop: head, rowHeight, first, last, headings });
    top += head + rowHeight + (last < group.last ? frame.gap : frame.bandGap);
    first = last;
  }
  return top;
}

/** `height` is exact, so that a filled row ends at the edge; the row itself is drawn at the whole number below it. */
function placeRow(layout, ratios, first, last, height, frame) {
  let left = 0;
  for (let i = first; i < last; i += 1) {
    const width = ratios[i] * height;
    layout.lefts[i] = Math.round(left);
    layout.widths[i] = Math.round(left + width) - layout.lefts[i];
    left += width + frame.gap;
  }
}
