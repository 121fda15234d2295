// What can be done with photos chosen in an album, beside what can be done with them anywhere.
import { api } from "/static/js/lib/api.js";
import { plural } from "/static/js/lib/format.js";
import { ACTIONS } from "/static/js/select/actions.js";
import { toastError } from "/static/js/ui/toast.js";

/**
 * @param {() => any} albumNow
 * @param {(album: any) => unknown} onChanged
 * @returns {import("../select/actions.js").Action[]}
 */
export function actionsOf(albumNow, onChanged) {
  const album = albumNow();
  if (album.query || album.role === "viewer") return ACTIONS;
  const path = `/albums/${encodeURIComponent(album.id)}`;
  const ours = [
    {
      name: "album-out",
      icon: "x",
      label: "Take out",
      main: true,
      run: (/** @type {any} */ { ids, say }) => say(`${plural(ids.length, "photo")} taken out. They stay in the library.`, () => api.post(`${path}/files/remove`, { ids })),
    },
    {
      name: "album-first",
      icon: "arrow-left",
      label: "To the front",
      run: (/** @type {any} */ { ids, say }) => say("Moved to the front: the album is ordered by hand now.", async () => toFront(path, ids)),
    },
    {
      name: "album-cover",
      icon: "images",
      label: "Make it the cover",
      run: (/** @type {any} */ { ids }) => api.patch(path, { cover: ids[0] }).then(onChanged, toastError),
    },
  ];
  return [...ours, ...ACTIONS.filter(({ name }) => name !== "hide" && name !== "archive")];
}

/** @param {string} path @param {string[]} ids */
async function toFront(path, ids) {
  const { items } = await api.get(`${path}/files?limit=${Math.min(1000, ids.length + 1)}`);
  const before = items.find((/** @type {any} */ { id }) => !ids.includes(id))?.id ?? null;
  return api.post(`${path}/order`, { ids, before });
}
