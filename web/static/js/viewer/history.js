// What people changed on a photo, and what its bytes were before; asked for when somebody wants to know.
import { api } from "/static/js/lib/api.js";
import { ago, plural, size } from "/static/js/lib/format.js";
import { Icon } from "/static/js/lib/icon.js";
import { html, useState } from "/static/js/lib/preact.js";
import { compareWith } from "/static/js/viewer/compare.js";
import { forgetFile } from "/static/js/viewer/files.js";
import { toast, toastError } from "/static/js/ui/toast.js";

const WORDS = { favourite: "favourite", archived: "archived", hidden: "hidden", rating: "rating", description: "description", date: "date", place: "place", trashed: "trash", tags: "tags", adjusted: "picture" };

/** @param {any} side @param {string} name */
function valueOf(side, name) {
  const value = side[name];
  if (name === "place") return value || (side.latitude === null ? "none" : `${side.latitude?.toFixed(3) ?? "?"}, ${side.longitude?.toFixed(3) ?? "?"}`);
  if (name === "adjusted") return value || "as taken";
  if (Array.isArray(value)) return value.join(", ");
  if (typeof value === "boolean") return value ? "yes" : "no";
  return value === null || value === "" || value === undefined ? "none" : String(value).replace("T", " ");
}

/** @param {any} entry */
function changesOf({ before, after }) {
  return Object.keys(WORDS)
    .filter((name) => name in after || name in before)
    .map((name) => (name === "tags" ? [before.tags?.length && `− ${valueOf(before, name)}`, after.tags?.length && `+ ${valueOf(after, name)}`].filter(Boolean).join("  ") || "tags" : `${WORDS[name]}: ${valueOf(before, name)} → ${valueOf(after, name)}`))
    .join("; ");
}

/** @param {{ file: any }} props */
export function History({ file }) {
  const [known, setKnown] = useState(/** @type {{ entries: any[], versions: any[] } | null} */ (null));
  const at = `/files/${encodeURIComponent(file.id)}`;
  const load = async () => {
    try {
      const [{ items: entries }, { items: versions }] = await Promise.all([api.get(`${at}/history`), api.get(`${at}/versions`)]);
      setKnown({ entries, versions });
    } catch (error) {
      toastError(/** @type {any} */ (error));
    }
  };
  const run = async (/** @type {string} */ path, /** @type {string} */ words) => {
    try {
      await api.post(path);
      forgetFile(file.id);
      toast(words);
      await load();
    } catch (error) {
      toastError(/** @type {any} */ (error));
    }
  };
  const opened = (/** @type {{ target: HTMLDetailsElement }} */ { target }) => target.open && !known && load();
  return html`<details class="history" onToggle=${opened}>
    <summary><${Icon} name="history" size=${18} />History</summary>
    ${known &&
    html`<ol>
      ${known.entries.map(
        (entry) => html`<li key=${entry.id} class=${entry.undone_at ? "is-undone" : ""}>
          <p>${changesOf(entry)}</p>
          <p class="history-by">${[entry.by, ago(entry.created), entry.undone_at && "undone"].filter(Boolean).join(" · ")}</p>
          ${entry.can_undo && html`<button class="button is-small" type="button" onClick=${() => run(`/journal/${entry.id}/undo`, "As it was before.")}>Undo</button>`}
        </li>`,
      )}
      ${!known.entries.length && html`<li><p class="history-by">Nothing was changed by hand.</p></li>`}
    </ol>`}
    ${known && known.versions.length > 1 &&
    html`<h3>Earlier contents</h3>
      <ol>
        ${known.versions.slice(1).map(
          (version) => html`<li key=${version.id}>
            <p>${size(version.size_bytes)}, replaced ${ago(version.replaced)}</p>
            ${version.kept
              ? html`<p class="history-links">
                  <a class="button is-small" href=${`/api/v1${at}/versions/${version.id}/content`} target="_blank" rel="noopener">Look</a>
                  <button class="button is-small" type="button" onClick=${() => compareWith(file, version)}>Compare</button>
                  <button class="button is-small" type="button" onClick=${() => run(`${at}/versions/${version.id}/restore`, "The earlier content is back; today’s is kept.")}>Restore</button>
                </p>`
              : html`<p class="history-by">Its bytes are gone: another program changed the file.</p>`}
          </li>`,
        )}
      </ol>
      <p class="history-by">${plural(known.versions.length - 1, "earlier content", "earlier contents")}</p>`}
  </details>`;
}
