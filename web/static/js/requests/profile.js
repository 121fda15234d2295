// Where the time of the profiled requests went: a tree of calls, as the server counted it up.
import { plural } from "/static/js/lib/format.js";
import { html } from "/static/js/lib/preact.js";
import { forgetProfile, ms } from "/static/js/requests/data.js";

/** @param {{ profile: import("./data.js").Profile }} props */
export function ProfileSection({ profile }) {
  const { status, method, path, taken, wanted, lines } = profile;
  const waiting = status === "waiting";
  return html`<section class="settings-section" aria-labelledby="section-profile">
    <div class="part-head">
      <h2 id="section-profile">Profile of ${method} ${path}</h2>
      <button class="button is-small" type="button" onClick=${forgetProfile}>${waiting ? "Give up" : "Forget it"}</button>
    </div>
    <p class="settings-lead">${waiting
      ? `${taken} of ${plural(wanted, "request")} so far: waiting for somebody to ask for it, for ten minutes at most. Refresh the list to look again.`
      : `${ms(profile.ms)} on average of ${plural(taken, "request")}. Profiling makes everything slower: compare the shares. What is Homeroll’s own is bold.`}</p>
    ${lines.length > 0 &&
    html`<ol class="calls">${lines.map(
      (line, at) => html`<li key=${at} class=${line.ours ? "is-ours" : ""}>
        <span class="calls-ms">${ms(line.ms)}</span>
        <span class="calls-bar" aria-hidden="true"><span style=${{ width: `${line.share * 100}%` }}></span></span>
        <span class="calls-what" style=${{ paddingLeft: `${Math.min(line.depth, 24) * 10}px` }}>${line.function} <small>${line.place}</small></span>
      </li>`,
    )}</ol>`}
  </section>`;
}
