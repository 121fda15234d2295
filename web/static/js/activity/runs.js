// The last runs of one job: when, how long, how each ended and why.
import { api } from "/static/js/lib/api.js";
import { ago, count, span } from "/static/js/lib/format.js";
import { html, useEffect, useState } from "/static/js/lib/preact.js";
import { toastError } from "/static/js/ui/toast.js";

/** @typedef {{ id: number, started: string, seconds: number | null, outcome: string, error: string, result: Record<string, unknown> | null }} Run */
const ENDED = { running: "Running", done: "Done", failed: "Failed", stopped: "Stopped", cut_off: "Cut off" };
const TONES = { failed: "is-bad", stopped: "is-warn", cut_off: "is-warn" };
const SHOWN = 10;
const DAY_MS = 86_400_000;
const moments = new Intl.DateTimeFormat(undefined, { dateStyle: "medium", timeStyle: "short" });

/** @param {string} iso */
const moment = (iso) => moments.format(new Date(iso));

/** What it did, without what it did not: "6 found, 2 added". @param {Record<string, unknown> | null} result */
function did(result) {
  return Object.entries(result ?? {})
    .filter(([name, value]) => name !== "seconds" && value && typeof value !== "object")
    .map(([name, value]) => [name.replaceAll("_", " "), value])
    .map(([name, value]) => (typeof value === "number" ? `${count(value)} ${name}` : value === true ? name : `${name} ${value}`))
    .join(", ");
}

/** @param {{ job: import("../status.js").Job }} props */
export function Runs({ job }) {
  const [runs, setRuns] = useState(/** @type {Run[] | null} */ (null));
  const [shown, setShown] = useState(SHOWN);
  useEffect(() => {
    api.get(`/jobs/${job.name}/runs`).then(({ items }) => setRuns(items), toastError);
  }, [job.status, job.last_run]);
  if (!runs) return null;
  if (!runs.length) return html`<p>It has not run yet.</p>`;
  return html`<ol aria-label=${`Last runs of ${job.title}`}>
      ${runs.slice(0, shown).map(
        (run) => html`<li key=${run.id}>
          <span class="runs-head">
            <time datetime=${run.started} title=${moment(run.started)}>${Date.now() - Date.parse(run.started) < DAY_MS ? ago(run.started) : moment(run.started)}</time>
            <span class=${TONES[run.outcome] ?? ""}>${ENDED[run.outcome]}${run.seconds === null ? "" : ` after ${span(run.seconds)}`}</span>
          </span>
          ${run.error ? html`<span class=${TONES[run.outcome] ?? ""}>${run.error}</span>` : did(run.result) && html`<span>${did(run.result)}</span>`}
        </li>`,
      )}
    </ol>
    ${runs.length > shown && html`<button class="button is-small is-plain" type="button" onClick=${() => setShown(runs.length)}>Show all ${count(runs.length)}</button>`}`;
}
