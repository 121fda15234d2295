import { api } from "/static/js/lib/api.js";
import { ago, count, perSecond, timeLeft } from "/static/js/lib/format.js";
import { Icon } from "/static/js/lib/icon.js";
import { html, useState } from "/static/js/lib/preact.js";
import { refreshStatus } from "/static/js/status.js";
import { Runs } from "/static/js/activity/runs.js";
import { Bar } from "/static/js/ui/bar.js";
import { toast, toastError } from "/static/js/ui/toast.js";

/** @param {import("../status.js").Job} job @param {"run" | "pause" | "resume"} action */
async function act(job, action) {
  try {
    await api.post(`/jobs/${job.name}/${action}`);
    if (action === "run") toast(`${job.title} started.`);
    await refreshStatus();
  } catch (error) {
    toastError(error);
  }
}

/** @param {import("../status.js").Job} job */
function facts(job) {
  if (job.status === "running") {
    const done = job.total ? `${count(job.done)} of ${count(job.total)}` : job.done ? count(job.done) : "Running";
    return [done, perSecond(job.rate), timeLeft(job.seconds_left), job.waits].filter(Boolean).join(" · ");
  }
  if (job.status === "paused") return "Paused";
  if (job.status === "failed") return job.error || "Failed";
  return job.last_run ? `Last run ${ago(job.last_run)}` : "Not run yet";
}

/** Work on the whole library, with what can be done about each. @param {{ jobs: import("../status.js").Job[] }} props */
export function Jobs({ jobs }) {
  return html`<ul class="cards">
    ${jobs.map((job) => html`<${Card} key=${job.name} job=${job} />`)}
  </ul>`;
}

/** @param {{ job: import("../status.js").Job }} props */
function Card({ job }) {
  const [open, setOpen] = useState(false);
  const running = job.status === "running";
  return html`<li class=${`card is-${job.status}`}>
    <div class="card-text">
      <strong>${job.title}</strong>
      <p class=${job.status === "failed" ? "is-bad" : ""}>${facts(job)}</p>
      ${running && html`<${Bar} share=${job.total ? job.done / job.total : null} label=${job.title} />`}
    </div>
    <button class="icon-button" type="button" aria-label=${`History of ${job.title}`} aria-expanded=${open} title="History" onClick=${() => setOpen(!open)}><${Icon} name="history" size=${18} /></button>
    ${running
      ? html`<button class="icon-button" type="button" aria-label=${`Pause ${job.title}`} title="Pause" onClick=${() => act(job, "pause")}><${Icon} name="pause" size=${18} /></button>`
      : job.status === "paused"
        ? html`<button class="icon-button" type="button" aria-label=${`Resume ${job.title}`} title="Resume" onClick=${() => act(job, "resume")}><${Icon} name="play" size=${18} /></button>`
        : html`<button class="icon-button" type="button" aria-label=${`Run ${job.title} now`} title="Run now" onClick=${() => act(job, "run")}><${Icon} name="circle-play" size=${18} /></button>`}
    ${open && html`<div class="runs"><${Runs} job=${job} /></div>`}
  </li>`;
}
