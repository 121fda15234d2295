const numbers = new Intl.NumberFormat();

/** @param {number} value */
export const count = (value) => numbers.format(value);

/** @param {number} value @param {string} one @param {string} [many] */
export const plural = (value, one, many = `${one}s`) => `${count(value)} ${value === 1 ? one : many}`;

/** @param {number} bytes */
export function size(bytes) {
  const units = ["bytes", "kB", "MB", "GB", "TB"];
  let value = bytes;
  let unit = 0;
  while (value >= 1000 && unit < units.length - 1) {
    value /= 1000;
    unit += 1;
  }
  return `${unit === 0 || value >= 100 ? Math.round(value) : value.toFixed(1)} ${units[unit]}`;
}

/** @param {number} seconds as a clock: 0:07, 1:02:03 */
export function clock(seconds) {
  const whole = Math.max(0, Math.round(seconds));
  const [h, m, s] = [Math.floor(whole / 3600), Math.floor(whole / 60) % 60, whole % 60];
  const pad = (/** @type {number} */ n) => String(n).padStart(2, "0");
  return h ? `${h}:${pad(m)}:${pad(s)}` : `${m}:${pad(s)}`;
}

/** @param {number | null | undefined} seconds as words: "about 3 min left" */
export function timeLeft(seconds) {
  if (seconds === null || seconds === undefined || !Number.isFinite(seconds)) return "";
  if (seconds < 60) return "less than a minute left";
  if (seconds < 5400) return `about ${Math.round(seconds / 60)} min left`;
  return `about ${Math.round(seconds / 3600)} h left`;
}

/** @param {number | null | undefined} rate per second */
export function perSecond(rate) {
  if (!rate) return "";
  return rate >= 1 ? `${count(Math.round(rate))}/s` : `${count(Math.max(1, Math.round(rate * 60)))}/min`;
}

// Local times arrive as the wall clock of the place where the photo was taken: they are read as UTC and shown as UTC,
// so that the zone of the person looking never moves them.
const utc = { timeZone: "UTC" };
const formats = {
  month: new Intl.DateTimeFormat(undefined, { ...utc, month: "long", year: "numeric" }),
  monthShort: new Intl.DateTimeFormat(undefined, { ...utc, month: "short", year: "numeric" }),
  day: new Intl.DateTimeFormat(undefined, { ...utc, weekday: "long", day: "numeric", month: "long" }),
  dayShort: new Intl.DateTimeFormat(undefined, { ...utc, weekday: "short", day: "numeric", month: "short" }),
  dayMedium: new Intl.DateTimeFormat(undefined, { ...utc, weekday: "short", day: "numeric", month: "short", year: "numeric" }),
  dayFull: new Intl.DateTimeFormat(undefined, { ...utc, weekday: "long", day: "numeric", month: "long", year: "numeric" }),
  dateShort: new Intl.DateTimeFormat(undefined, { ...utc, day: "numeric", month: "short", year: "numeric" }),
  date: new Intl.DateTimeFormat(undefined, { ...utc, day: "numeric", month: "long", year: "numeric" }),
  time: new Intl.DateTimeFormat(undefined, { ...utc, hour: "numeric", minute: "2-digit" }),
};

/** @param {string} local "2024-05-01..." */
const wallClock = (local) => new Date(`${local.slice(0, 19).padEnd(10, "0")}${local.length > 10 ? "" : "T00:00:00"}Z`);

/** @param {keyof typeof formats} name @param {string} local */
function formatted(name, local) {
  const date = wallClock(local);
  return Number.isNaN(date.getTime()) ? "Date unknown" : formats[name].format(date);
}

/** @param {string} month "2024-05" */
export const monthName = (month) => formatted("month", `${month}-01`);
/** @param {string} month "2024-05" */
export const monthShort = (month) => formatted("monthShort", `${month}-01`);
/** @param {string} day */
export const dayName = (day) => formatted("day", day);
/** @param {string} day */
export const dayShort = (day) => formatted("dayShort", day);
/** @param {string} local */
export const dayMedium = (local) => formatted("dayMedium", local);
/** @param {string} local */
export const dayFull = (local) => formatted("dayFull", local);
/** @param {string} day without its weekday */
export const dateName = (day) => formatted("date", day);
/** @param {string} day without its weekday, with a short month */
export const dateShort = (day) => formatted("dateShort", day);
/** @param {string} local */
export const timeOfDay = (local) => formatted("time", local);

/**
 * The wall clock at the place of a UTC moment.
 * @param {string} moment ISO, UTC
 * @param {number | null} offsetMin
 * @returns {string} ISO without zone
 */
export function localTime(moment, offsetMin) {
  return new Date(Date.parse(moment) + (offsetMin ?? 0) * 60_000).toISOString().slice(0, 19);
}

/** @param {number | null} offsetMin "UTC+2", "UTC+5:30" */
export function zoneName(offsetMin) {
  if (offsetMin === null || offsetMin === undefined) return "";
  const [h, m] = [Math.floor(Math.abs(offsetMin) / 60), Math.abs(offsetMin) % 60];
  return `UTC${offsetMin < 0 ? "−" : "+"}${h}${m ? `:${String(m).padStart(2, "0")}` : ""}`;
}

/** @param {string} moment ISO */
export function ago(moment) {
  const seconds = (Date.now() - Date.parse(moment)) / 1000;
  const words = new Intl.RelativeTimeFormat(undefined, { numeric: "auto" });
  if (seconds < 60) return "just now";
  if (seconds < 3600) return words.format(-Math.round(seconds / 60), "minute");
  if (seconds < 86_400) return words.format(-Math.round(seconds / 3600), "hour");
  return words.format(-Math.round(seconds / 86_400), "day");
}

/** @param {number} seconds how long, in one unit: 40 s, 12 min, 3 h */
export function span(seconds) {
  if (seconds < 90) return `${Math.round(seconds)} s`;
  return seconds < 5400 ? `${Math.round(seconds / 60)} min` : `${Math.round(seconds / 3600)} h`;
}

/** @param {number} seconds exposure as photographers write it: 1/125 s, 2 s */
export function exposure(seconds) {
  if (seconds >= 0.3) return `${Number(seconds.toFixed(1))} s`;
  return `1/${Math.round(1 / seconds)} s`;
}
