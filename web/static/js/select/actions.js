// What can be done with the chosen photos.  One line each: other parts of the house add theirs here.
import { api } from "/static/js/lib/api.js";
import { plural } from "/static/js/lib/format.js";
import { copiedLight } from "/static/js/adjust/copied.js";
import { chooseAlbum, lockAway, shareByLink, shareWithFamily, unshare } from "/static/js/sharing/choose.js";
import { renewStandIns } from "/static/js/timeline/tile.js";
import { toast } from "/static/js/ui/toast.js";
import { askDate, askDescription, askLocation, askRating, askTags } from "/static/js/select/dialogs.js";

/**
 * @typedef {{ ids: string[], allFavourite: boolean, say: (words: string | ((answer: any) => string), run: () => Promise<any>, again?: boolean) => Promise<boolean> }} Chosen
 *   say: do it, then say so with a way back; the answer of `run` has {changed, undo}
 * @typedef {{ name: string, icon: string, label: string, main?: boolean, run: (chosen: Chosen) => unknown }} Action main: in the first row on a phone
 */

/** @param {string[]} ids @param {Record<string, unknown>} changes */
export const edit = (ids, changes) => api.post("/files/edit", { ids, changes });

const photos = (/** @type {string[]} */ ids) => plural(ids.length, "photo");

/** @param {string[]} ids @param {Record<string, unknown>} change */
const adjust = async (ids, change) => {
  const answer = await api.post("/files/adjust", { ids, change });
  renewStandIns();
  if (answer.left) toast(`${plural(answer.left, "file")} left as they are: only still pictures can be adjusted.`);
  return answer;
};

/** @param {string[]} ids @param {Chosen["say"]} say @param {number} turns quarters, clockwise */
const turn = (ids, say, turns) => say(({ changed }) => `${plural(changed, "photo")} turned.`, () => adjust(ids, { turns }));

/** @param {Chosen} chosen */
function pasteLight({ ids, say }) {
  const light = copiedLight();
  if (!light) toast("Open a photo, adjust its light, and press “Copy light” there first.");
  else say(({ changed }) => `Light of ${plural(changed, "photo")} changed.`, () => adjust(ids, { light }));
}

/** @type {Action[]} */
export const ACTIONS = [
  {
    name: "favourite",
    icon: "heart",
    label: "Favourite",
    main: true,
    run: ({ ids, allFavourite, say }) => say(allFavourite ? `${photos(ids)} no favourites any more.` : `${photos(ids)} made favourites.`, () => edit(ids, { favourite: !allFavourite })),
  },
  { name: "tags", icon: "tag", label: "Tags", main: true, run: askTags },
  { name: "album", icon: "bookmark", label: "Add to album", main: true, run: chooseAlbum },
  { name: "link", icon: "globe", label: "Share by link", run: shareByLink },
  { name: "family", icon: "users", label: "Share with the family", run: shareWithFamily },
  { name: "private", icon: "user", label: "Keep private", run: unshare },
  { name: "lock", icon: "lock", label: "Lock away", run: lockAway },
  { name: "date", icon: "calendar-clock", label: "Date and time", run: askDate },
  { name: "location", icon: "map-pin", label: "Place", run: askLocation },
  { name: "description", icon: "text-quote", label: "Description", run: askDescription },
  { name: "rating", icon: "star", label: "Rating", run: askRating },
  { name: "event", icon: "calendar-range", label: "Make an event", run: ({ ids, say }) => say(`${photos(ids)} are an event now.`, () => api.post("/events", { ids }).then(({ event, undo }) => ({ event, undo, changed: event.count }))) },
  { name: "left", icon: "rotate-ccw", label: "Turn left", run: ({ ids, say }) => turn(ids, say, 3) },
  { name: "right", icon: "rotate-cw", label: "Turn right", run: ({ ids, say }) => turn(ids, say, 1) },
  { name: "light", icon: "sun", label: "Paste light", run: pasteLight },
  { name: "as-taken", icon: "refresh-cw", label: "Show as taken", run: ({ ids, say }) => say(({ changed }) => `${plural(changed, "photo")} shown as taken.`, () => adjust(ids, { reset: true })) },
  { name: "archive", icon: "archive", label: "Archive", main: true, run: ({ ids, say }) => say(`${photos(ids)} archived. Search still finds them.`, () => edit(ids, { archived: true })) },
  { name: "hide", icon: "eye-off", label: "Hide", run: ({ ids, say }) => say(`${photos(ids)} hidden.`, () => edit(ids, { hidden: true })) },
  { name: "trash", icon: "trash-2", label: "Move to trash", main: true, run: ({ ids, say }) => say(`${photos(ids)} moved to the trash.`, () => api.post("/files/trash", { ids })) },
];
