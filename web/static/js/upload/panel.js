import { count, plural, size, timeLeft } from "/static/js/lib/format.js";
import { Icon } from "/static/js/lib/icon.js";
import { connection } from "/static/js/lib/messages.js";
import { html, useEffect, useRef, useState } from "/static/js/lib/preact.js";
import { useStore } from "/static/js/lib/store.js";
import { addFiles, cancel, clearEnded, interrupted, leftOut, queue, retry, retryAll } from "/static/js/upload/queue.js";
import { Bar } from "/static/js/ui/bar.js";

const SHOWN = 200; // rows; a longer queue is summed up below them
const ORDER = { failed: 0, sending: 1, waiting: 2, duplicate: 3, done: 4, cancelled: 5 };

/** Choose files, and see what became of them. */
export function UploadPanel() {
  const now = useStore(queue);
  const away = useStore(connection).state === "lost";
  const skipped = useStore(leftOut);
  const rate = useRate(now);
  const input = useRef(/** @type {HTMLInputElement | null} */ (null));
  const [unfinished] = useState(interrupted);
  const shown = now.entries.filter(({ status }) => status !== "cancelled").sort((a, b) => ORDER[a.status] - ORDER[b.status] || a.key - b.key);
  const number = (/** @type {string} */ status) => now.entries.filter((entry) => entry.status === status).length;
  const [done, duplicates, failed] = [number("done"), number("duplicate"), number("failed")];
  return html`
    <div class="upload-drop">
      <${Icon} name="cloud-upload" size=${30} />
      <p class="only-keys">Drop photos, videos or folders anywhere on this page</p>
      <input ref=${input} class="visually-hidden" tabindex="-1" type="file" id="upload-files" multiple accept="image/*,video/*,.heic,.heif,.dng,.cr2,.cr3,.nef,.arw,.raf,.orf,.rw2,.mkv,.xmp" aria-label="Files to upload"
        onChange=${() => {
          addFiles([...(input.current?.files ?? [])]);
          if (input.current) input.current.value = "";
        }} />
      <button class="button is-primary" type="button" onClick=${() => input.current?.click()}>Choose files</button>
    </div>
    ${unfinished.length > 0 && !now.entries.length &&
    html`<div class="note"><${Icon} name="rotate-ccw" size=${18} /><p>${plural(unfinished.length, "upload was", "uploads were")} interrupted (${unfinished.slice(0, 3).join(", ")}${unfinished.length > 3 ? ", …" : ""}). Choose the same files again and they go on where they stopped.</p></div>`}
    ${skipped > 0 && html`<div class="note"><${Icon} name="info" size=${18} /><p>${plural(skipped, "file was", "files were")} left out: neither photo nor video.</p></div>`}
    ${shown.length > 0 &&
    html`
      <section class="upload-total" aria-label="All uploads">
        <div class="row-head">
          <strong>${now.active && away ? "Goes on when Homeroll can be reached" : now.active ? `Uploading ${count(Math.min(shown.length, now.ended + 1))} of ${count(shown.length)}` : failed ? `${plural(failed, "upload")} failed` : "All uploads finished"}</strong>
          <span>${now.active ? [size(now.sent) + " of " + size(now.size), timeLeft(rate ? (now.size - now.sent) / rate : null)].filter(Boolean).join(" · ") : ""}</span>
        </div>
        <${Bar} share=${now.size ? now.sent / now.size : 1} label="All uploads" tone=${failed && !now.active ? "bad" : ""} />
        <p class="upload-sums">
          ${[done && `${count(done)} added`, duplicates && `${count(duplicates)} already in your library`, failed && `${count(failed)} failed`].filter(Boolean).join(" · ")}
        </p>
        <div class="row-actions">
          ${failed > 1 && html`<button class="button is-small" type="button" onClick=${() => retryAll()}>Retry all failed</button>`}
          ${now.ended > 0 && html`<button class="button is-small is-plain" type="button" onClick=${clearEnded}>Clear finished</button>`}
        </div>
      </section>
      <ul class="upload-list">${shown.slice(0, SHOWN).map((entry) => html`<${Row} key=${entry.key} entry=${entry} sent=${entry.sent} status=${entry.status} />`)}</ul>
      ${shown.length > SHOWN && html`<p class="list-more">and ${plural(shown.length - SHOWN, "more file")}</p>`}
    `}
  `;
}

function Row({ entry, status }) {
  const { file, error } = entry;
  const share = file.size ? entry.sent / file.size : 1;
  const words = {
    waiting: "Waiting",
    sending: share === 1 ? "Checking and storing" : `${Math.floor(share * 100)} % of ${size(file.size)}`,
    done: `Added · ${size(file.size)}`,
    duplicate: "Already in your library",
    failed: error && [error.message, error.hint].filter(Boolean).join(" "),
  };
  return html`
    <li class=${`upload-row is-${status}`}>
      <${Picture} file=${file} />
      <div class="upload-text">
        <span class="upload-name" title=${file.name}>${file.name}</span>
        <span class="upload-state">${words[status]}</span>
        ${status === "sending" && html`<${Bar} share=${share} label=${file.name} />`}
      </div>
      ${status === "failed" && html`<button class="icon-button" type="button" aria-label=${`Retry ${file.name}`} title="Retry" onClick=${() => retry(entry)}><${Icon} name="rotate-ccw" size=${18} /></button>`}
      ${(status === "sending" || status === "waiting") && html`<button class="icon-button" type="button" aria-label=${`Cancel ${file.name}`} title="Cancel" onClick=${() => cancel(entry)}><${Icon} name="x" size=${18} /></button>`}
      ${(status === "done" || status === "duplicate") && html`<span class="upload-mark"><${Icon} name="circle-check" /></span>`}
    </li>
  `;
}

/** A small picture of what is being sent, made in the browser. */
function Picture({ file }) {
  const [url, setUrl] = useState("");
  useEffect(() => {
    if (!/^image\/(jpeg|png|webp|gif|avif)$/.test(file.type) || file.size > 12_000_000) return undefined;
    const made = URL.createObjectURL(file);
    setUrl(made);
    return () => URL.revokeObjectURL(made);
  }, [file]);
  return html`<span class="upload-picture">${url ? html`<img src=${url} alt="" decoding="async" loading="lazy" />` : html`<${Icon} name="file-image" />`}</span>`;
}

/** Bytes per second, smoothed over the last draws. */
function useRate(now) {
  const last = useRef({ sent: 0, time: 0, rate: 0 });
  const time = performance.now();
  const { current } = last;
  if (!now.active) last.current = { sent: now.sent, time, rate: 0 };
  else if (time - current.time > 500) {
    const fresh = (Math.max(0, now.sent - current.sent) / (time - current.time)) * 1000;
    last.current = { sent: now.sent, time, rate: current.rate ? current.rate * 0.7 + fresh * 0.3 : fresh };
  }
  return last.current.rate;
}

