// One statement of a recorded request, and how SQLite goes about it.
import { api } from "/static/js/lib/api.js";
import { count, plural } from "/static/js/lib/format.js";
import { html, useState } from "/static/js/lib/preact.js";
import { ms } from "/static/js/requests/data.js";
import { ErrorNote } from "/static/js/ui/failure.js";

/** What a larger library feels. */
const NOTABLE = { scan: "reads all of it", sort: "sorts all of it" };

/** @param {{ request: string, statement: any }} props */
export function Statement({ request, statement }) {
  const [open, setOpen] = useState(false);
  const [plan, setPlan] = useState(/** @type {any} */ (null));
  const [error, setError] = useState(/** @type {any} */ (null));
  const toggle = () => {
    setOpen(!open);
    if (!plan) api.get(`/requests/${request}/statements/${statement.id}/plan`).then(setPlan, setError);
  };
  const { sql } = statement;
  return html`<li class=${`statement ${statement.repeated ? "is-repeated" : ""}`}>
    <button class="statement-line" type="button" aria-expanded=${String(open)} onClick=${toggle}>
      <code>${sql.replace(/\s+/g, " ").trim()}</code>
      <span class="statement-facts">${statement.count > 1 ? html`<strong>${count(statement.count)}×</strong> ` : ""}${ms(statement.ms)} · ${plural(statement.rows, "row")}${statement.failed ? " · failed" : ""}</span>
    </button>
    ${open &&
    html`<div class="statement-more">
      <pre>${tidy(sql)}</pre>
      ${error && html`<${ErrorNote} error=${error} />`}
      ${plan && !plan.lines.length && html`<p class="plan">SQLite looks for nothing here: it only writes.</p>`}
      ${plan && plan.lines.length > 0 && html`<ol class="plan" aria-label="How SQLite goes about it">${plan.lines.map((line, at) => html`<li key=${at} style=${{ paddingLeft: `${line.depth * 18}px` }}>${line.text}${line.notable && html` <span class="badge is-repeated">${NOTABLE[line.notable]}</span>`}</li>`)}</ol>`}
    </div>`}
  </li>`;
}

/** Without what the lines have in front of them in the code. @param {string} sql */
function tidy(sql) {
  return sql
    .split("\n")
    .map((line) => line.trim())
    .filter(Boolean)
    .join("\n");
}
