import { api } from "/static/js/lib/api.js";
import { plural } from "/static/js/lib/format.js";
import { Icon } from "/static/js/lib/icon.js";
import { html, useState } from "/static/js/lib/preact.js";
import { refreshFailures, refreshStatus, status } from "/static/js/status.js";
import { stepTitle } from "/static/js/activity/steps.js";
import { toast, toastError } from "/static/js/ui/toast.js";

/** @param {object} what @param {string} words */
async function retry(what, words) {
  try {
    await api.post("/failures/retry", what);
    toast(words);
    await Promise.all([refreshFailures(), refreshStatus()]);
  } catch (error) {
    toastError(error);
  }
}

/** One entry per file: what several steps said of it, together. @param {any[]} items */
function byFile(items) {
  const files = new Map();
  for (const item of items) {
    const known = files.get(item.file_id);
    if (!known) files.set(item.file_id, { ...item, steps: [item.step], errors: [[item.error, item.hint]] });
    else {
      known.steps.push(item.step);
      known.attempts = Math.max(known.attempts, item.attempts);
      if (!known.errors.some(([error]) => error === item.error)) known.errors.push([item.error, item.hint]);
    }
  }
  return [...files.values()];
}

/** Files that a step could not deal with: why, and what helps. @param {{ failures: { items: any[], total: number, next?: string | null } }} props */
export function Failures({ failures }) {
  const [busy, setBusy] = useState(false);
  const more = async () => {
    setBusy(true);
    try {
      const page = await api.get(`/failures?limit=50&cursor=${encodeURIComponent(failures.next ?? "")}`);
      status.set({ ...status.get(), failures: { ...page, items: [...failures.items, ...page.items] } });
    } catch (error) {
      toastError(error);
    }
    setBusy(false);
  };
  return html`
    <ul class="cards">
      ${byFile(failures.items).map(
        (failure) => html`<li key=${failure.file_id} class="card">
          <div class="card-text">
            <strong class="is-name" title=${failure.path}>${failure.filename}</strong>
            <p class="card-path">${failure.path}</p>
            ${failure.errors.map(([error, hint]) => html`<p class="is-bad">${error}</p>${hint && html`<p>${hint}</p>`}`)}
            <p class="card-facts">${failure.steps.map(stepTitle).join(", ")} · ${plural(failure.attempts, "attempt")}</p>
          </div>
          <button class="icon-button" type="button" aria-label=${`Retry ${failure.filename}`} title="Retry" onClick=${() => retry({ file_id: failure.file_id }, `${failure.filename} is tried again.`)}>
            <${Icon} name="rotate-ccw" size=${18} />
          </button>
        </li>`,
      )}
    </ul>
    <div class="row-actions">
      <button class="button is-small" type="button" onClick=${() => retry({}, "All of them are tried again.")}>Retry all</button>
      ${failures.next && html`<button class="button is-small is-plain" type="button" disabled=${busy} onClick=${more}>Show more</button>`}
    </div>
  `;
}
