import { api } from "/static/js/lib/api.js";
import { plural } from "/static/js/lib/format.js";
import { Icon } from "/static/js/lib/icon.js";
import { html, useEffect, useState } from "/static/js/lib/preact.js";
import { refreshFailures, refreshStatus, status } from "/static/js/status.js";
import { stepTitle } from "/static/js/activity/steps.js";
import { sure } from "/static/js/ui/sure.js";
import { toast, toastError } from "/static/js/ui/toast.js";

/** @param {"retry" | "ignore"} verb @param {object} what @param {string} words @param {object} [back] what takes it back */
async function act(verb, what, words, back) {
  try {
    await api.post(`/failures/${verb}`, what);
    toast(words, back && { action: { label: "Try again", run: () => act("retry", back, "It is tried again.") } });
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

/** @param {{ items: any[], ignored?: boolean }} props */
function Files({ items, ignored = false }) {
  return html`<ul class="cards">
    ${byFile(items).map(({ file_id, filename, path, errors, steps, attempts }) => {
      const again = { file_id, ignored };
      return html`<li key=${file_id} class="card">
        <div class="card-text">
          <strong class="is-name" title=${path}>${filename}</strong>
          <p class="card-path">${path}</p>
          ${errors.map(([error, hint]) => html`<p class=${ignored ? "" : "is-bad"}>${error}</p>${hint && html`<p>${hint}</p>`}`)}
          <p class="card-facts">${steps.map(stepTitle).join(", ")} · ${plural(attempts, "attempt")}</p>
        </div>
        <button class="icon-button" type="button" aria-label=${`Retry ${filename}`} title="Retry" onClick=${() => act("retry", again, `${filename} is tried again.`)}>
          <${Icon} name="rotate-ccw" size=${18} />
        </button>
        ${!ignored &&
        html`<button class="icon-button" type="button" aria-label=${`Ignore ${filename}`} title="Ignore: leave it at that" onClick=${() => act("ignore", { file_id }, `${filename} is left at that.`, { file_id, ignored: true })}>
          <${Icon} name="eye-off" size=${18} />
        </button>`}
      </li>`;
    })}
  </ul>`;
}

/** Files that a step could not deal with: why, and what helps. @param {{ failures: { items: any[], total: number, next?: string | null, ignored: number } }} props */
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
  const ignoreAll = async () => {
    const title = `Leave all ${plural(failures.total, "failure")} at that?`;
    if (await sure(title, "They count no more, and can be tried again at any time.", "Ignore all")) {
      act("ignore", {}, "They are left at that.");
    }
  };
  return html`
    ${failures.total > 0 &&
    html`<${Files} items=${failures.items} />
      <div class="row-actions">
        <button class="button is-small" type="button" onClick=${() => act("retry", {}, "All of them are tried again.")}>Retry all</button>
        ${failures.total > 1 && html`<button class="button is-small is-plain" type="button" onClick=${ignoreAll}>Ignore all</button>`}
        ${failures.next && html`<button class="button is-small is-plain" type="button" disabled=${busy} onClick=${more}>Show more</button>`}
      </div>`}
    ${failures.ignored > 0 && html`<${Ignored} number=${failures.ignored} />`}
  `;
}

/** Those that somebody said to leave: one line, and the files when asked for. @param {{ number: number }} props */
function Ignored({ number }) {
  const [items, setItems] = useState(/** @type {any[] | null} */ (null));
  const show = () => api.get("/failures?ignored=true&limit=200").then((page) => setItems(page.items), toastError);
  useEffect(() => {
    if (items) show(); // some came or went
  }, [number]);
  return html`
    <div class="row-actions is-line">
      <span>${plural(number, "failure")} ignored.</span>
      <button class="button is-small is-plain" type="button" aria-expanded=${items !== null} onClick=${() => (items ? setItems(null) : show())}>${items ? "Hide them" : "Show them"}</button>
      <button class="button is-small is-plain" type="button" onClick=${() => act("retry", { ignored: true }, "They are tried again.")}>Try them again</button>
    </div>
    ${items && html`<${Files} items=${items} ignored />`}
  `;
}
