// What can be done with photos chosen in an album, beside what can be done with them anywhere.
import { api } from "/static/js/lib/api.js";
import { choosePlace } from "/static/js/albums/place.js";
import { plural } from "/static/js/lib/format.js";
import { ACTIONS } from "/static/js/select/actions.js";

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
      name: "album-place",
      icon: "arrow-down-wide-narrow",
      label: "Move to …",
      run: async (/** @type {any} */ { ids, say }) => {
        const before = await choosePlace(ids);
        if (before !== undefined) await say("Moved: the album is ordered by hand now.", () => api.post(`${path}/order`, { ids, before }));
      },
    },
    {
      name: "album-cover",
      icon: "images",
      label: "Make it the cover",
      run: (/** @type {any} */ { ids, say }) => say("That photo is the cover now.", () => api.patch(path, { cover: ids[0] }).then(onChanged)),
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
