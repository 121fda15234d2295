// The door to the viewer, which is fetched when the first photo is opened.

/** @typedef {ReturnType<import("./timeline/timeline.js").createTimeline>} Timeline */

let viewer = null;

/** @param {Timeline} timeline @param {string} id */
export async function openPhoto(timeline, id) {
  viewer ??= import("/static/js/viewer/viewer.js");
  (await viewer).openViewer(timeline, id, { linked: false });
}

/** Open the photo that the address names, if it names one. @param {Timeline} timeline @param {boolean} [back] a page of ours lies behind it */
export async function openLinkedPhoto(timeline, back = false) {
  const id = location.pathname.match(/^\/photo\/([^/]+)$/)?.[1];
  if (!id) return;
  viewer ??= import("/static/js/viewer/viewer.js");
  await (await viewer).openViewer(timeline, decodeURIComponent(id), { linked: true, back });
}
