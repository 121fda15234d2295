// Guests send photos and videos; their owner looks at them first.
import { plural } from "/static/js/lib/format.js";
import { Icon } from "/static/js/lib/icon.js";
import { html, useState } from "/static/js/lib/preact.js";

/** @param {{ base: string, owner: string }} props */
export function Send({ base, owner }) {
  const [guest, setGuest] = useState("");
  const [state, setState] = useState({ done: 0, total: 0, failed: /** @type {string[]} */ ([]) });
  const busy = state.done + state.failed.length < state.total;
  const send = async (/** @type {any} */ event) => {
    const files = [...event.target.files];
    event.target.value = "";
    const now = { done: 0, total: files.length, failed: /** @type {string[]} */ ([]) };
    setState({ ...now });
    for (const file of files) {
      const body = new FormData();
      body.append("file", file, file.name);
      const problem = await fetch(`/api/v1${base}/uploads?guest=${encodeURIComponent(guest)}`, { method: "POST", body }).then(
        async (answer) => (answer.ok ? "" : ((await answer.json().catch(() => null))?.message ?? "It was not taken.")),
        () => "Homeroll cannot be reached.",
      );
      if (problem) now.failed.push(`${file.name}: ${problem}`);
      else now.done += 1;
      setState({ ...now, failed: [...now.failed] });
    }
  };
  return html`<section class="link-send" aria-label="Add photos">
    <div>
      <h2>Add your photos</h2>
      <p>${owner} looks at them before anybody else sees them.</p>
    </div>
    <input class="link-guest" placeholder="Your name" aria-label="Your name" maxlength="60" value=${guest} onInput=${(/** @type {any} */ event) => setGuest(event.target.value)} />
    <label class=${`button is-primary ${busy ? "is-busy" : ""}`}><${Icon} name="upload" size=${18} />Choose photos<input class="visually-hidden" type="file" multiple accept="image/*,video/*" disabled=${busy} onChange=${send} /></label>
    <div class="link-sent" role="status">
      ${busy && html`<p><span class="spinner"></span>${state.done} of ${state.total} sent</p>`}
      ${!busy && state.done > 0 && html`<p>${plural(state.done, "photo")} sent. Thank you!</p>`}
      ${state.failed.map((line) => html`<p class="is-bad" key=${line}>${line}</p>`)}
    </div>
  </section>`;
}
