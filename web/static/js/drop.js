// Dropping files anywhere on the page starts an upload; the upload code is fetched at the first drop.
import { el } from "/static/js/lib/dom.js";
import { iconNode } from "/static/js/lib/icon.js";
import { panel } from "/static/js/ui/panels.js";

/** Hear drags over the whole window. */
export function addDropTarget() {
  const veil = el("div", { class: "drop-veil", hidden: true }, el("div", { class: "drop-card" }, iconNode("cloud-upload", 40), "Drop to add to your library"));
  document.body.append(veil);
  let depth = 0;
  const carriesFiles = (/** @type {DragEvent} */ event) => [...(event.dataTransfer?.types ?? [])].includes("Files");
  addEventListener("dragenter", (event) => {
    if (!carriesFiles(event)) return;
    depth += 1;
    veil.hidden = false;
  });
  addEventListener("dragleave", (event) => {
    if (!carriesFiles(event)) return;
    depth -= 1;
    if (depth <= 0) veil.hidden = true;
  });
  addEventListener("dragover", (event) => {
    if (carriesFiles(event)) event.preventDefault();
  });
  addEventListener("drop", async (event) => {
    if (!carriesFiles(event)) return;
    event.preventDefault();
    depth = 0;
    veil.hidden = true;
    const files = filesOf(/** @type {DataTransfer} */ (event.dataTransfer));
    panel.set("upload");
    const { addFiles } = await import("/static/js/upload/queue.js");
    addFiles(await files);
  });
}

/** Every file of a drop, folders walked through. @param {DataTransfer} transfer @returns {Promise<File[]>} */
async function filesOf(transfer) {
  const entries = [...transfer.items].map((item) => item.webkitGetAsEntry?.()).filter((entry) => entry !== null && entry !== undefined);
  if (!entries.some((entry) => entry.isDirectory)) return [...transfer.files];
  /** @type {File[]} */
  const files = [];
  const walk = async (/** @type {any} */ entry) => {
    if (entry.isFile) {
      files.push(await new Promise((resolve, reject) => entry.file(resolve, reject)));
      return;
    }
    const reader = entry.createReader();
    for (;;) {
      const batch = await new Promise((resolve, reject) => reader.readEntries(resolve, reject));
      if (!batch.length) return;
      for (const child of batch) await walk(child);
    }
  };
  for (const entry of entries) await walk(entry);
  return files.filter((file) => !file.name.startsWith("."));
}
