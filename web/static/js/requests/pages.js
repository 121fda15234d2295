// What requests cost (`/requests`): for admins who wonder why something is slow.
import { el } from "/static/js/lib/dom.js";
import { count, plural } from "/static/js/lib/format.js";
import { setTitle } from "/static/js/lib/house.js";
import { Icon } from "/static/js/lib/icon.js";
import { html, render, useState } from "/static/js/lib/preact.js";
import { isAdmin } from "/static/js/lib/session.js";
import { useStore } from "/static/js/lib/store.js";
import { ForAdmins, SettingsHead } from "/static/js/models/head.js";
import { load, log, profile, refresh } from "/static/js/requests/data.js";
import { ProfileSection } from "/static/js/requests/profile.js";
import { RecordingSection } from "/static/js/requests/recording.js";
import { AskedRow } from "/static/js/requests/row.js";
import { Failure } from "/static/js/ui/failure.js";

/** @typedef {import("./data.js").Asked} Asked */

const REFRESH_MS = 30_000;
const SLOW_MS = 200;
const ENDLESS = "/api/v1/messages"; // lasts as long as a page is open: no slow request

/** @type {[string, (asked: Asked) => unknown][]} */
const ONLY = [
  ["All", () => true],
  ["Recorded", (asked) => asked.recorded],
  ["Slow", (asked) => asked.ms > SLOW_MS && asked.path !== ENDLESS],
  ["Repeated (N+1)", (asked) => asked.recorded?.repeated],
  ["Failed", (asked) => asked.status >= 400],
];

/** @param {HTMLElement} holder */
export async function openPage(holder) {
  const root = el("div", { class: "settings requests-page" });
  holder.replaceChildren(root);
  setTitle("Requests");
  let timer = 0;
  try {
    if (isAdmin()) await load();
    render(isAdmin() ? html`<${Requests} />` : html`<${ForAdmins} />`, root);
    if (isAdmin()) timer = setInterval(() => !document.hidden && load().catch(() => null), REFRESH_MS);
  } catch (error) {
    render(html`<${Failure} error=${error} onRetry=${() => openPage(holder)} />`, root);
  }
  return {
    destroy() {
      clearInterval(timer);
      render(null, root);
      root.remove();
    },
  };
}

function Requests() {
  const { items, recording } = useStore(log);
  const profiled = useStore(profile);
  const [only, setOnly] = useState("All");
  const [slowest, setSlowest] = useState(false);
  const [open, setOpen] = useState("");
  const fits = ONLY.find(([name]) => name === only)?.[1] ?? (() => true);
  const shown = items.filter(fits);
  if (slowest) shown.sort((one, other) => other.ms - one.ms);
  return html`
    <${SettingsHead} name="requests" />
    ${recording && html`<${RecordingSection} recording=${recording} />`}
    ${profiled && profiled.status !== "none" && html`<${ProfileSection} profile=${profiled} />`}
    <section class="settings-section" aria-labelledby="section-requests">
      <div class="part-head">
        <h2 id="section-requests">${plural(shown.length, "request")}</h2>
        <div class="requests-tools">
          <button class="button is-small" type="button" aria-pressed=${String(slowest)} onClick=${() => setSlowest(!slowest)}><${Icon} name=${slowest ? "clock" : "arrow-down-wide-narrow"} size=${16} />${slowest ? "Newest first" : "Slowest first"}</button>
          <button class="button is-small" type="button" onClick=${refresh}><${Icon} name="refresh-cw" size=${16} />Refresh</button>
        </div>
      </div>
      <div class="requests-only" role="group" aria-label="Only">
        ${ONLY.map(([name, matches]) => html`<button key=${name} type="button" aria-pressed=${String(name === only)} onClick=${() => setOnly(name)}>${name} <small>${count(items.filter(matches).length)}</small></button>`)}
      </div>
      ${shown.length
        ? html`<ul class="requests-list">${shown.map((asked) => {
            const key = `${asked.at} ${asked.method} ${asked.path}`;
            return html`<${AskedRow} key=${key} asked=${asked} slow=${asked.ms > SLOW_MS && asked.path !== ENDLESS} open=${open === key} onToggle=${() => setOpen(open === key ? "" : key)} />`;
          })}</ul>`
        : html`<p class="settings-lead">${nothing(only, recording?.mode === "off")}</p>`}
    </section>
  `;
}

/** @param {string} only @param {boolean} off */
function nothing(only, off) {
  if ((only === "Recorded" || only.startsWith("Repeated")) && off) return "Recording is off, so nobody looked. Record for ten minutes, and use what feels slow.";
  return "No request like that.";
}
