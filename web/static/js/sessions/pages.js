// Where you are logged in (`/sessions`); for admins, where everybody is.
import { api } from "/static/js/lib/api.js";
import { el } from "/static/js/lib/dom.js";
import { plural } from "/static/js/lib/format.js";
import { setTitle } from "/static/js/lib/house.js";
import { Icon } from "/static/js/lib/icon.js";
import { html, render, useState } from "/static/js/lib/preact.js";
import { session } from "/static/js/lib/session.js";
import { SessionList } from "/static/js/sessions/list.js";
import { Failure } from "/static/js/ui/failure.js";
import { toast, toastError } from "/static/js/ui/toast.js";

/** @param {HTMLElement} holder */
export async function openPage(holder) {
  const root = el("div", { class: "sharing-page" });
  holder.replaceChildren(root);
  setTitle("Devices");
  try {
    render(html`<${Devices} first=${(await api.get("/sessions")).items} />`, root);
  } catch (error) {
    render(html`<${Failure} error=${error} onRetry=${() => openPage(holder)} />`, root);
  }
  return {
    destroy() {
      render(null, root);
      root.remove();
    },
  };
}

/** @param {{ first: import("./list.js").Session[] }} props */
function Devices({ first }) {
  const [sessions, setSessions] = useState(first);
  const me = session.get();
  const own = sessions.filter(({ user }) => user === me?.id);
  const others = sessions.filter(({ user }) => user !== me?.id);
  const names = [...new Set(others.map(({ username }) => username))].sort((one, other) => one.localeCompare(other));
  const ended = (/** @type {string[]} */ ids) => setSessions((now) => now.filter(({ id }) => !ids.includes(id)));
  const elsewhere = own.filter(({ current }) => !current);
  const endOthers = async () => {
    try {
      await api.delete("/sessions");
      ended(elsewhere.map(({ id }) => id));
      toast(`Logged out on ${plural(elsewhere.length, "other device")}.`);
    } catch (error) {
      toastError(/** @type {any} */ (error));
    }
  };
  return html`
    <header class="people-head"><h1>Devices</h1></header>
    <section class="sharing-part" aria-label="Where you are logged in">
      <div class="part-head">
        <h2>Where you are logged in</h2>
        ${elsewhere.length > 0 && html`<button class="button is-small" type="button" onClick=${endOthers}><${Icon} name="log-out" size=${16} />Log out everywhere else</button>`}
      </div>
      <p class="sharing-none">${elsewhere.length ? "A device that you do not know? Log it out, and change your password." : "Nowhere but here."}</p>
      <${SessionList} sessions=${own} onEnded=${ended} />
    </section>
    ${names.map(
      (username) => html`<section class="sharing-part" key=${username} aria-label=${`Where ${username} is logged in`}>
        <h2>${username}</h2>
        <${SessionList} sessions=${others.filter((one) => one.username === username)} onEnded=${ended} />
      </section>`,
    )}
  `;
}
