// The door to the viewer, which is fetched when the first photo is opened.

let viewer = null;

/** @param {ReturnType<import("./timeline/timeline.js").createTimeline>} timeline @param {string} id */
export async function openPhoto(timeline, id) {
  viewer ??= import("/static/js/viewer/viewer.js");
  (await viewer).openViewer(timeline, id, { linked: false });
}

/** Open the photo that the address names, if it names one. @param {ReturnType<import("./timeline/timeline.js").createTimeline>} timeline */
export async function openLinkedPhoto(timeline) {
  const id = location.pathname.match(/^\/photo\/([^/]+)$/)?.[1];
  if (!id) return;
  viewer ??= import("/static/js/viewer/viewer.js");
  await (await viewer).openViewer(timeline, decodeURIComponent(id), { linked: true });
}
