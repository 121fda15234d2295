import { createStore } from "/static/js/lib/store.js";

/**
 * @typedef {{ id: string, username: string, name: string, role: "admin" | "user", must_change_password: boolean }} User
 */

/** Who is signed in; null before that. */
export const session = createStore(/** @type {User | null} */ (null));

/** @returns {boolean} */
export const isAdmin = () => session.get()?.role === "admin";

const PLACE = "homeroll-place";

/** Keep where somebody is until they have logged in. */
export const keepPlace = () => sessionStorage.setItem(PLACE, location.pathname + location.search);

/** Where to go on after the login; "" for nowhere special. */
export const keptPlace = () => sessionStorage.getItem(PLACE) ?? "";

export const forgetPlace = () => sessionStorage.removeItem(PLACE);

/** Whether the browser sent a session cookie with this page: spares a first visit a refused request. @returns {boolean} */
export const maySession = () => document.querySelector('meta[name="session"]')?.getAttribute("content") !== "none";
