// What waits for somebody to decide: groups of duplicates, and what guests sent. Shown beside the names of those pages.
import { api } from "/static/js/lib/api.js";
import { onMessage } from "/static/js/lib/messages.js";
import { session } from "/static/js/lib/session.js";
import { createStore } from "/static/js/lib/store.js";

const FIRST_MS = 3000; // the photos come first
const FRESH_MS = 600_000; // counting costs more where there are many: not with every page
const KEY = "homeroll.waiting";

export const waiting = createStore({ duplicates: 0, guests: 0 });

/** Ask for both; what cannot be had keeps its last value. */
export async function refreshWaiting() {
  const [duplicates, guests] = await Promise.allSettled([api.get("/duplicates?limit=1"), api.get("/shares/uploads")]);
  const now = waiting.get();
  waiting.set({
    duplicates: duplicates.status === "fulfilled" ? duplicates.value.total : now.duplicates,
    guests: guests.status === "fulfilled" ? guests.value.items.length : now.guests,
  });
  keep();
}

/** Once the page stands, unless this browser asked a moment ago; and again when the search for duplicates has ended. */
export function startWaiting() {
  const known = kept();
  if (known) waiting.set({ duplicates: known.duplicates, guests: known.guests });
  else setTimeout(refreshWaiting, FIRST_MS);
  waiting.watch(keep);
  onMessage("JobProgress", (job) => job.name === "find_duplicates" && job.status === "idle" && refreshWaiting());
}

const keep = () => sessionStorage.setItem(KEY, JSON.stringify({ ...waiting.get(), user: session.get()?.id, at: Date.now() }));

function kept() {
  const known = JSON.parse(sessionStorage.getItem(KEY) ?? "null");
  return known && known.user === session.get()?.id && Date.now() - known.at < FRESH_MS ? known : null;
}
