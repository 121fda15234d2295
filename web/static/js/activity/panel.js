import { api } from "/static/js/lib/api.js";
import { Icon } from "/static/js/lib/icon.js";
import { count, timeLeft } from "/static/js/lib/format.js";
import { html, useEffect } from "/static/js/lib/preact.js";
import { session } from "/static/js/lib/session.js";
import { useStore } from "/static/js/lib/store.js";
import { refreshFailures, refreshStatus, status, workOf } from "/static/js/status.js";
import { Failures } from "/static/js/activity/failures.js";
import { Jobs } from "/static/js/activity/jobs.js";
import { Libraries } from "/static/js/activity/libraries.js";
import { Steps } from "/static/js/activity/steps.js";
import { Bar } from "/static/js/ui/bar.js";
import { toastError } from "/static/js/ui/toast.js";

const REFRESH_MS = 10_000; // messages bring progress; this catches what they do not tell, such as new failures

/** What the library is doing, what it could not do, and the folders it looks at. */
export function ActivityPanel() {
  const now = useStore(status);
  const user = useStore(session);
  const admin = user?.role === "admin";
  const work = workOf(now);
  useEffect(() => {
    refreshStatus();
    const timer = setInterval(() => !document.hidden && refreshStatus(), REFRESH_MS);
    return () => clearInterval(timer);
  }, []);
  const sum = (count) => now.steps.reduce((all, step) => all + step[count], 0);
  const [failed, ignored] = [sum("failed"), sum("ignored")];
  useEffect(() => {
    if (admin && (failed !== now.failures.total || ignored !== now.failures.ignored)) refreshFailures().catch(() => null);
  }, [failed, ignored]);
  const setPaused = async (paused) => {
    try {
      await api.post(paused ? "/steps/pause" : "/steps/resume");
      await refreshStatus();
    } catch (error) {
      toastError(error);
    }
  };
  const headline = now.paused ? "Paused" : work.busy ? "Working through your photos" : "Everything is up to date";
  return html`
    <section class="work" aria-label="Progress">
      <div class="row-head">
        <strong>${headline}</strong>
        <span>${work.busy && !now.paused ? timeLeft(work.left) : ""}</span>
      </div>
      ${work.busy && html`<${Bar} share=${work.total ? work.done / work.total : null} label=${headline} tone=${now.paused ? "quiet" : ""} />`}
      ${now.steps.length > 0 && html`<${Steps} steps=${now.steps} paused=${now.paused} />`}
      ${admin && (work.busy || now.paused) &&
      html`<div class="row-actions">
        <button class="button is-small" type="button" onClick=${() => setPaused(!now.paused)}>
          <${Icon} name=${now.paused ? "play" : "pause"} size=${16} />${now.paused ? "Resume" : "Pause"}
        </button>
      </div>`}
    </section>
    ${now.health.status !== "ok" &&
    html`<section aria-label="Warnings">
      <h3>Warnings</h3>
      <ul class="cards">
        ${now.health.reasons.map(
          (reason) => html`<li class="card is-warn"><${Icon} name="triangle-alert" /><div><strong>${reason.message}</strong><p>${reason.hint}</p></div></li>`,
        )}
      </ul>
    </section>`}
    <${Libraries} libraries=${now.libraries} known=${now.librariesKnown} admin=${admin} />
    ${admin && (now.failures.total > 0 || now.failures.ignored > 0) &&
    html`<section aria-label="Failures">
      <h3>Could not be read ${now.failures.total > 0 && html`<span class="badge is-bad">${count(now.failures.total)}</span>`}</h3>
      <${Failures} failures=${now.failures} />
    </section>`}
    ${admin && now.jobs.length > 0 && html`<section aria-label="Jobs"><h3>Jobs</h3><${Jobs} jobs=${now.jobs} /></section>`}
  `;
}
