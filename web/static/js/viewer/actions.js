// What can be done with the photo on screen.
import { api, ApiError, fileUrl } from "/static/js/lib/api.js";
import { html } from "/static/js/lib/preact.js";
import { FAVOURITE } from "/static/js/timeline/flags.js";
import { changeFile, fileOf, forgetFile } from "/static/js/viewer/files.js";
import { showDialog } from "/static/js/ui/dialog.js";
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

/** Download it; of an adjusted photo, ask which. @param {import("./slides.js").Slide} slide */
export async function download(slide) {
  const file = await fileOf(slide.id).catch(() => null); // then the original, or the reason, comes from the server
  if (file?.adjusted) askWhich(slide.id);
  else save(slide.id, "");
}

/** @param {string} id @param {string} query */
function save(id, query) {
  const link = document.createElement("a");
  link.href = `${fileUrl(id, "content")}?download=1${query}`;
  link.download = "";
  link.click();
}

/** @param {string} id */
function askWhich(id) {
  const choose = (/** @type {string} */ query) => () => {
    close();
    save(id, query);
  };
  const close = showDialog(
    "Download",
    html`<div class="download-ways">
      <button class="button is-primary" type="button" onClick=${choose("&adjusted=1")}>As it is shown (JPEG)</button>
      <button class="button" type="button" onClick=${choose("")}>The original, as taken</button>
    </div>`,
  );
}

/**
 * Open the editor of a photo.
 * @param {string} id @param {(file: any) => void} onChanged with the file as it is shown then
 */
export async function adjust(id, onChanged) {
  const changed = async () => {
    forgetFile(id);
    onChanged(await fileOf(id));
  };
  const undo = async (/** @type {string} */ entry) => {
    try {
      await api.post(`/journal/${entry}/undo`);
      await changed();
      toast("As it was before.");
    } catch (error) {
      toastError(error);
    }
  };
  try {
    const { openEditor } = await import("/static/js/adjust/editor.js");
    await openEditor(id, {
      onSaved({ file, undo: entry }) {
        forgetFile(id);
        onChanged(file);
        toast(file.adjusted ? "Saved. The original stays as it was taken." : "Shown as it was taken.", entry ? { action: { label: "Undo", run: () => undo(entry) } } : {});
      },
    });
  } catch (error) {
    toastError(error instanceof ApiError ? error : { message: "The photo cannot be adjusted just now.", hint: "Try again in a moment." });
  }
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
