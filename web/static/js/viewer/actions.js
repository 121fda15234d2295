// What can be done with the photo on screen.
import { api, fileUrl } from "/static/js/lib/api.js";
import { FAVOURITE } from "/static/js/timeline/flags.js";
import { changeFile, forgetFile } from "/static/js/viewer/files.js";
import { toast, toastError } from "/static/js/ui/toast.js";

/**
 * Turn the favourite mark over.
 * @param {import("../timeline/months.js").Months} months
 * @param {import("./slides.js").Slide} slide
 * @returns {Promise<boolean>} the new mark
 */
export async function toggleFavourite(months, slide) {
  const on = !(slide.flags & FAVOURITE);
  const mark = (/** @type {boolean} */ value) => {
    slide.flags = value ? slide.flags | FAVOURITE : slide.flags & ~FAVOURITE;
    months.setFlag(slide.id, FAVOURITE, value);
  };
  mark(on);
  try {
    await changeFile(slide.id, { favourite: on });
  } catch (error) {
    mark(!on);
    toastError(error);
    return !on;
  }
  return on;
}

/** Download the original. @param {import("./slides.js").Slide} slide */
export function download(slide) {
  const link = document.createElement("a");
  link.href = `${fileUrl(slide.id, "content")}?download=1`;
  link.download = "";
  link.click();
}

/**
 * Move a photo to the trash, with a way back.
 * @param {string} id @param {() => void} onRestored
 * @returns {Promise<boolean>} whether it is in the trash now
 */
export async function moveToTrash(id, onRestored) {
  try {
    await api.delete(`/files/${encodeURIComponent(id)}`);
  } catch (error) {
    toastError(error);
    return false;
  }
  forgetFile(id);
  const undo = async () => {
    try {
      await api.post(`/files/${encodeURIComponent(id)}/restore`);
      onRestored();
    } catch (error) {
      toastError(error);
    }
  };
  toast("Moved to trash.", { action: { label: "Undo", run: undo } });
  return true;
}
