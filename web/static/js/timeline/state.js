import { createStore } from "/static/js/lib/store.js";

/** What other parts of the page may know of the timeline. */
export const timelineState = createStore({ total: -1, month: "" });
