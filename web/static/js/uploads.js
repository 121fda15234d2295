import { createStore } from "/static/js/lib/store.js";

/** How far the uploads are, for the bar. share: 0..1 of the bytes. */
export const uploadSummary = createStore({ active: false, share: 0 });
