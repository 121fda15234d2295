import { createStore } from "/static/js/lib/store.js";

/**
 * @typedef {{ id: string, username: string, name: string, role: "admin" | "user", must_change_password: boolean }} User
 */

/** Who is signed in; null before that. */
export const session = createStore(/** @type {User | null} */ (null));

/** @returns {boolean} */
export const isAdmin = () => session.get()?.role === "admin";

/** Whether the browser sent a session cookie with this page: spares a first visit a refused request. @returns {boolean} */
export const maySession = () => document.querySelector('meta[name="session"]')?.getAttribute("content") !== "none";
