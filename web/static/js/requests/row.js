// One request of the list, and behind it what it did, if that was recorded.
import { api } from "/static/js/lib/api.js";
import { count, plural, size } from "/static/js/lib/format.js";
import { Icon } from "/static/js/lib/icon.js";
import { html, useEffect, useState } from "/static/js/lib/preact.js";
import { useStore } from "/static/js/lib/store.js";
import { askProfile, ms, names, time } from "/static/js/requests/data.js";
import { Statement } from "/static/js/requests/statement.js";
import { ErrorNote } from "/static/js/ui/failure.js";

/** @typedef {import("./data.js").Asked} Asked */

/** @param {{ asked: Asked, slow: boolean, open: boolean, onToggle: () => void }} props */
export function AskedRow({ asked, slow, open, onToggle }) {
  const { at, method, path, status, recorded } = asked;
  const tone = status >= 500 ? "is-bad" : status >= 400 ? "is-warn" : "";
  return html`<li class=${`reqrow ${open ? "is-open" : ""}`}>
    <button class="reqrow-line" type="button" aria-expanded=${String(open)} onClick=${onToggle}>
      <span class="reqrow-time">${time(at)}</span>
      <span class="reqrow-what"><span class="reqrow-method">${method}</span> ${path.replace(/^\/api\/v1/, "")}</span>
      <span class="reqrow-marks">
        ${recorded?.repeated ? html`<span class="badge is-repeated">N+1 ${count(recorded.repeated)}×</span>` : recorded ? html`<small>${count(recorded.statements)} SQL</small>` : ""}
        ${tone && html`<span class=${`reqrow-status ${tone}`}>${status}</span>`}
      </span>
      <span class=${`reqrow-ms ${slow ? "is-slow" : ""}`}>${ms(asked.ms)}</span>
      <${Icon} name="chevron-down" size=${18} />
    </button>
    ${open && html`<div class="reqrow-more"><${More} asked=${asked} /></div>`}
  </li>`;
}

/** @param {{ asked: Asked }} props */
function More({ asked }) {
  const [told, setTold] = useState(/** @type {any} */ (null));
  const [error, setError] = useState(/** @type {any} */ (null));
  const who = useStore(names).get(asked.user ?? "") ?? (asked.user ? "somebody who is gone" : "the admin on the machine, or nobody");
  useEffect(() => {
    if (asked.id) api.get(`/requests/${asked.id}`).then(setTold, setError);
  }, [asked.id]);
  const profiled = html`<button class="button is-small" type="button" onClick=${() => askProfile(asked)}><${Icon} name="activity" size=${16} />Profile the next five</button>`;
  const head = html`<p class="reqrow-by">${asked.method} ${asked.path} · ${asked.status} · by ${who}</p>`;
  if (error) return html`${head}<${ErrorNote} error=${error} />`;
  if (!asked.id) return html`${head}<p>What this one did was not recorded.</p>${profiled}`;
  if (!told) return html`${head}<div class="panel-wait"><span class="spinner"></span></div>`;
  return html`${head}<${Facts} told=${told} />
    ${told.statements.length > 0 && html`<ol class="statements">${told.statements.map((statement) => html`<${Statement} key=${statement.id} request=${asked.id} statement=${statement} />`)}</ol>`}
    ${told.left_out > 0 && html`<p>${count(told.left_out)} more statements are not listed.</p>`}
    ${profiled}`;
}

/** @param {{ told: any }} props as GET /requests/{id} answers */
function Facts({ told }) {
  const { recorded } = told.request;
  const { waited } = told;
  const facts = [
    ["Database", `${plural(recorded.statements, "statement")}, ${ms(recorded.sql_ms)}`],
    told.transactions > 0 && ["Transactions", `${count(told.transactions)}, ${ms(told.transaction_ms)}`],
    ["Waited for a connection", ms(waited.connection_ms)],
    ["Handed over and back", ms(waited.thread_ms)],
    told.computed.length > 0 && ["Waited to compute", ms(waited.compute_ms)],
    ...told.computed.map((work) => [`Computed ${work.function}`, `${count(work.count)}×, ${ms(work.ms)}`]),
    told.first_ms !== null && ["Answer began after", ms(told.first_ms)],
    ["Sent", size(recorded.sent_bytes)],
  ].filter(Boolean);
  return html`
    ${recorded.repeated > 0 && html`<p class="reqrow-note is-warn"><${Icon} name="triangle-alert" size=${18} />The same statement ran ${count(recorded.repeated)} times: most likely once for each row of another one (N+1).</p>`}
    ${told.profiled && html`<p class="reqrow-note"><${Icon} name="info" size=${18} />It was profiled, which makes it slower.</p>`}
    <dl class="reqrow-facts">${facts.map(([name, value]) => html`<div key=${name}><dt>${name}</dt><dd>${value}</dd></div>`)}</dl>
  `;
}
