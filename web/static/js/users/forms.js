// Adding somebody, changing what they are called and may do, and setting a new password for them.
import { api } from "/static/js/lib/api.js";
import { html } from "/static/js/lib/preact.js";
import { Field, Form } from "/static/js/auth/form.js";
import { showDialog } from "/static/js/ui/dialog.js";
import { toast } from "/static/js/ui/toast.js";

/** @typedef {import("./pages.js").Person} Person */

const ROLES = [
  ["user", "User", "Sees what is the family's and their own."],
  ["admin", "Admin", "Also runs Homeroll: settings, users, folders. Not other people's photos."],
];
const PASSWORD_HINT = "At least 8 characters. Tell it to them; they can change it in their menu.";

/** @param {(user: Person) => void} onAdded */
export function askNewUser(onAdded) {
  const send = async (/** @type {Record<string, string>} */ { username, name, password, role }) => {
    const user = await api.post("/users", { username, name, password, role });
    close();
    onAdded(user);
    toast(`${user.name || user.username} can log in now.`);
  };
  const close = showDialog(
    "Add somebody",
    html`<${Form} action="Add" onSend=${send}>
      <${Field} label="User name" name="username" hint="What they log in with: letters and digits." autocomplete="off" autofocus />
      <${ShownName} value="" />
      <${Field} label="Password" name="password" type="password" minlength=${8} autocomplete="new-password" hint=${PASSWORD_HINT} />
      <${Roles} value="user" />
    <//>`,
  );
}

/** @param {Person} user @param {(user: Person) => void} onChanged */
export function askChange(user, onChanged) {
  const send = async (/** @type {Record<string, string>} */ { username, name, role }) => {
    const next = await api.patch(`/users/${user.id}`, { username, name, role });
    close();
    onChanged(next);
    toast("Changed.");
  };
  const close = showDialog(
    `Change ${user.name || user.username}`,
    html`<${Form} action="Save" onSend=${send}>
      <${ShownName} value=${user.name} />
      <${Field} label="User name" name="username" value=${user.username} hint="What they log in with." autocomplete="off" />
      <${Roles} value=${user.role} />
    <//>`,
  );
}

/** @param {Person} user */
export function askPassword(user) {
  const send = async (/** @type {Record<string, string>} */ { password }) => {
    await api.patch(`/users/${user.id}`, { password });
    close();
    toast(`${user.name || user.username} logs in with the new password from now on.`);
  };
  const close = showDialog(
    `New password for ${user.name || user.username}`,
    html`<${Form} action="Set it" onSend=${send}>
      <p class="dialog-lead">The old one ends, and they are logged out everywhere.</p>
      <${Field} label="New password" name="password" type="password" minlength=${8} autocomplete="new-password" hint=${PASSWORD_HINT} autofocus />
    <//>`,
  );
}

/** @param {{ value: string }} props */
function ShownName({ value }) {
  return html`<div class="field"><label for="field-name">Name</label><div class="field-box"><input id="field-name" name="name" defaultValue=${value} maxlength="64" autocomplete="off" placeholder="as the family knows them" /></div></div>`;
}

/** @param {{ value: string }} props */
function Roles({ value }) {
  return html`<fieldset class="share-ways">
    <legend>May do</legend>
    ${ROLES.map(([role, label, hint]) => html`<label key=${role}><input type="radio" name="role" value=${role} defaultChecked=${role === value} /><span><strong>${label}</strong><small>${hint}</small></span></label>`)}
  </fieldset>`;
}
