import { createStore } from "/static/js/lib/store.js";

/**
 * @typedef {{ id: string, username: string, name: string, role: "admin" | "user", must_change_password: boolean }} User
 */

/** Who is signed in; null before that. */
export const session = createStore(/** @type {User | null} */ (null));

/** @returns {boolean} */
export const isAdmin = () => session.get()?.role === "admin";

const KEY = "homeroll-signed-in";

/** Spares a first visit the question who is asking, and its refusal in the console. @returns {boolean} */
export const wasSignedIn = () => localStorage.getItem(KEY) === "yes";

/** @param {boolean} signedIn */
export function rememberSignedIn(signedIn) {
  if (signedIn) localStorage.setItem(KEY, "yes");
  else localStorage.removeItem(KEY);
}
