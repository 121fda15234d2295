// The door to the viewer, which is fetched when the first photo is opened.

import { toastError } from "/static/js/ui/toast.js";

/** @typedef {ReturnType<import("./timeline/timeline.js").createTimeline>} Timeline */

/** @type {Promise<typeof import("./viewer/viewer.js")> | null} */
let viewer = null;

/** @param {Timeline} timeline @param {string} id @param {{ linked: boolean, back?: boolean }} options */
async function open(timeline, id, options) {
  try {
    viewer ??= import("/static/js/viewer/viewer.js");
    await (await viewer).openViewer(timeline, id, options);
  } catch (error) {
    viewer = null; // fetched again with the next photo
    toastError(/** @type {any} */ (error));
  }
}

/** @param {Timeline} timeline @param {string} id */
export async function openPhoto(timeline, id) {
  await open(timeline, id, { linked: false });
}

/** Open the photo that the address names, if it names one. @param {Timeline} timeline @param {boolean} [back] a page of ours lies behind it */
export async function openLinkedPhoto(timeline, back = false) {
  const id = location.pathname.match(/^\/photo\/([^/]+)$/)?.[1];
  if (!id) return;
  await open(timeline, decodeURIComponent(id), { linked: true, back });
}
