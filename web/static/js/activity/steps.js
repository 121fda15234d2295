import { count, perSecond } from "/static/js/lib/format.js";
import { html } from "/static/js/lib/preact.js";
import { isAdmin } from "/static/js/lib/session.js";
import { Bar } from "/static/js/ui/bar.js";

const TITLES = {
  metadata: "Dates, places, cameras",
  renditions: "Previews",
  faces: "Faces",
  embedding: "Search by meaning",
  tags: "Tags",
  ocr: "Text in pictures",
  caption: "Captions",
  related: "Belonging together",
};

/** @param {string} name */
export const stepTitle = (name) => TITLES[name] ?? name.charAt(0).toUpperCase() + name.slice(1).replaceAll("_", " ");

/** Why a step waits; a page has a link for what a command line needs a command for. @param {string} why */
function waiting(why) {
  if (!/homeroll models pull/.test(why)) return why;
  return isAdmin() ? html`<a href="/models">get its model</a>` : "its model is not here yet";
}

/** How far each step is. @param {{ steps: import("../status.js").Step[], paused: boolean }} props */
export function Steps({ steps, paused }) {
  return html`<ul class="steps">
    ${steps.map((step) => {
      const open = step.pending + step.running;
      const ended = step.done + step.skipped + step.failed + step.ignored;
      const facts = open && step.waits
        ? [`${count(open)} left`, waiting(step.waits)]
        : open
        ? [`${count(ended)} of ${count(ended + open)}`, !paused && perSecond(step.rate)]
        : [count(ended)];
      return html`<li key=${step.name} class=${open ? "is-open" : "is-done"}>
        <div class="row-head">
          <span>${stepTitle(step.name)}</span>
          <span>${facts.filter(Boolean).map((fact, i) => (i ? [" · ", fact] : fact))}${step.failed ? html` <span class="badge is-bad">${count(step.failed)} failed</span>` : ""}</span>
        </div>
        ${open > 0 && !step.waits && html`<${Bar} share=${ended / (ended + open)} label=${stepTitle(step.name)} tone=${paused ? "quiet" : ""} />`}
      </li>`;
    })}
  </ul>`;
}
