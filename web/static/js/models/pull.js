import { size, timeLeft } from "/static/js/lib/format.js";
import { Icon } from "/static/js/lib/icon.js";
import { html } from "/static/js/lib/preact.js";
import { pullModel, shortTitle, stopPull } from "/static/js/models/data.js";
import { Bar } from "/static/js/ui/bar.js";

/** How far a pull is, and stopping it or going on with it. @param {{ model: import("./data.js").Model }} props */
export function Pull({ model }) {
  const { pull } = model;
  if (!pull) return null;
  const running = pull.status === "running";
  const failed = pull.status === "failed";
  const share = pull.total_bytes ? pull.done_bytes / pull.total_bytes : null;
  const done = pull.total_bytes ? `${size(pull.done_bytes)} of ${size(pull.total_bytes)}` : pull.done_bytes ? size(pull.done_bytes) : "";
  const words = running
    ? [done || "Asking for it…", pull.rate && `${size(pull.rate)}/s`, pull.rate && timeLeft(pull.seconds_left), share === 1 && "checking"]
    : [failed ? "Failed" : "Stopped", done];
  return html`<div class=${`pull is-${pull.status}`}>
    <div class="pull-text">
      <p class="pull-facts">${words.filter(Boolean).join(" · ")}</p>
      <${Bar} share=${running ? share : (share ?? 0)} label=${`Fetching ${shortTitle(model)}`} tone=${failed ? "bad" : running ? "" : "quiet"} />
      ${pull.error && html`<p class="pull-error" role="alert"><strong>${pull.error}</strong> ${pull.hint}</p>`}
    </div>
    ${running
      ? html`<button class="button is-small" type="button" aria-label=${`Stop fetching ${shortTitle(model)}`} onClick=${() => stopPull(model)}><${Icon} name="pause" size=${16} />Stop</button>`
      : html`<button class="button is-small" type="button" aria-label=${`Go on fetching ${shortTitle(model)}`} onClick=${() => pullModel(model, !model.fits)}><${Icon} name=${failed ? "rotate-ccw" : "play"} size=${16} />${failed ? "Try again" : "Go on"}</button>`}
  </div>`;
}
