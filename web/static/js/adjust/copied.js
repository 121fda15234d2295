// Light that was copied from one photo, for others; this browser keeps it.
import { NO_LIGHT } from "/static/js/adjust/recipe.js";

const KEY = "homeroll-light";

/** @param {import("./recipe.js").Light} light */
export const copyLight = (light) => localStorage.setItem(KEY, JSON.stringify(light));

/** @returns {import("./recipe.js").Light | null} */
export function copiedLight() {
  try {
    const light = JSON.parse(localStorage.getItem(KEY) ?? "null");
    return light && Object.fromEntries(Object.keys(NO_LIGHT).map((name) => [name, light[name] ?? NO_LIGHT[/** @type {keyof typeof NO_LIGHT} */ (name)]]));
  } catch {
    return null; // written by something else
  }
}
