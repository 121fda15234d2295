// What waits for somebody to decide: groups of duplicates, and what guests sent. Shown beside the names of those pages.
import { api } from "/static/js/lib/api.js";
import { onMessage } from "/static/js/lib/messages.js";
import { createStore } from "/static/js/lib/store.js";

const FIRST_MS = 3000; // the photos come first

export const waiting = createStore({ duplicates: 0, guests: 0 });

/** Ask for both; what cannot be had keeps its last value. */
export async function refreshWaiting() {
  const [duplicates, guests] = await Promise.allSettled([api.get("/duplicates?limit=1"), api.get("/shares/uploads")]);
  const now = waiting.get();
  waiting.set({
    duplicates: duplicates.status === "fulfilled" ? duplicates.value.total : now.duplicates,
    guests: guests.status === "fulfilled" ? guests.value.items.length : now.guests,
  });
}

/** Once the page stands, and again when the search for duplicates has ended. */
export function startWaiting() {
  setTimeout(refreshWaiting, FIRST_MS);
  onMessage("JobProgress", (job) => job.name === "find_duplicates" && job.status === "idle" && refreshWaiting());
}
