// The people of the house (`/users`): for admins, who let in, out and in again.
import { api } from "/static/js/lib/api.js";
import { el } from "/static/js/lib/dom.js";
import { plural } from "/static/js/lib/format.js";
import { setTitle } from "/static/js/lib/house.js";
import { Icon } from "/static/js/lib/icon.js";
import { html, render, useState } from "/static/js/lib/preact.js";
import { isAdmin } from "/static/js/lib/session.js";
import { ForAdmins, SettingsHead } from "/static/js/models/head.js";
import { askNewUser } from "/static/js/users/forms.js";
import { UserRow } from "/static/js/users/user.js";
import { Failure } from "/static/js/ui/failure.js";

/** @typedef {{ id: string, username: string, name: string, role: "admin" | "user", created: string, disabled: boolean, shares: boolean }} Person */

/** @param {HTMLElement} holder */
export async function openPage(holder) {
  const root = el("div", { class: "settings users-page" });
  holder.replaceChildren(root);
  setTitle("Users");
  try {
    render(isAdmin() ? html`<${Users} first=${(await api.get("/users")).items} />` : html`<${ForAdmins} />`, root);
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

/** @param {{ first: Person[] }} props */
function Users({ first }) {
  const [users, setUsers] = useState(first);
  const changed = (/** @type {Person} */ next) => setUsers((now) => now.map((user) => (user.id === next.id ? next : user)));
  const added = (/** @type {Person} */ user) => setUsers((now) => [...now, user].sort((one, other) => one.username.localeCompare(other.username)));
  const removed = (/** @type {string} */ gone) => setUsers((now) => now.filter(({ id }) => id !== gone));
  return html`
    <${SettingsHead} name="users" />
    <section class="settings-section" aria-labelledby="section-users">
      <div class="part-head">
        <h2 id="section-users">${plural(users.length, "person", "people")}</h2>
        <button class="button is-primary" type="button" onClick=${() => askNewUser(added)}><${Icon} name="user-plus" size=${18} />Add somebody</button>
      </div>
      <p class="settings-lead">What somebody uploads is theirs until they share it: admins do not see it either.</p>
      <ul class="settings-list">${users.map((user) => html`<${UserRow} key=${user.id} user=${user} onChanged=${changed} onRemoved=${removed} />`)}</ul>
    </section>
  `;
}
