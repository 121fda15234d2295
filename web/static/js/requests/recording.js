// Whether requests are recorded: for some minutes now, and otherwise.
import { plural } from "/static/js/lib/format.js";
import { Icon } from "/static/js/lib/icon.js";
import { html } from "/static/js/lib/preact.js";
import { forget, keepRecording, MINUTES, record, stop, time } from "/static/js/requests/data.js";

/** @param {{ recording: import("./data.js").Recording }} props */
export function RecordingSection({ recording }) {
  const { mode, setting, until, kept, one_in: oneIn } = recording;
  const which = mode === "full" ? "every request" : `one request in ${oneIn}`;
  const headline = mode === "off" ? "Recording is off" : until ? `Recording ${which} until ${time(until)}` : `Recording ${which}`;
  return html`<section class="settings-section" aria-labelledby="section-recording">
    <h2 id="section-recording">Recording</h2>
    <p class="settings-lead">Shows what a request asks of the database, and what it waits for. It is kept in memory only, without what people search for or write.</p>
    <div class="setting is-alone">
      <div class="setting-text">
        <span role="status">${headline}</span>
        <p>${mode === "off" ? `Record for ${MINUTES} minutes, and use what feels slow.` : "Use what feels slow, then refresh the list."} ${kept > 0 && `${plural(kept, "request")} recorded.`}</p>
      </div>
      <div class="requests-tools">
        ${kept > 0 && html`<button class="button is-small is-plain" type="button" onClick=${forget}>Forget them</button>`}
        ${until
          ? html`<button class="button" type="button" onClick=${stop}><${Icon} name="circle-stop" size=${18} />Stop</button>`
          : html`<button class="button is-primary" type="button" onClick=${record}><${Icon} name="circle-dot" size=${18} />Record for ${MINUTES} minutes</button>`}
      </div>
    </div>
    <div class="setting">
      <div class="setting-text">
        <label for="record-requests">Otherwise</label>
        <p id="record-requests-help">Recording all of them makes each a little slower; one in ${oneIn} nobody notices.</p>
      </div>
      <select id="record-requests" aria-describedby="record-requests-help" value=${setting} onChange=${(/** @type {any} */ event) => keepRecording(event.target.value)}>
        ${[
          ["off", "Off (default)"],
          ["sampled", `One request in ${oneIn}`],
          ["full", "Every request"],
        ].map(([value, label]) => html`<option key=${value} value=${value} selected=${value === setting}>${label}</option>`)}
      </select>
    </div>
  </section>`;
}
