import { request } from "/static/js/lib/api.js";
import { html } from "/static/js/lib/preact.js";
import { session } from "/static/js/lib/session.js";
import { Field, Form } from "/static/js/auth/form.js";
import { showDialog } from "/static/js/ui/dialog.js";
import { toast } from "/static/js/ui/toast.js";

/**
 * Current password in, new password out.
 * @param {{ username: string, action: string, onDone: () => void }} props
 */
export function PasswordForm({ username, action, onDone }) {
  const send = async ({ current_password, new_password }) => {
    await request("/auth/password", { method: "POST", body: { current_password, new_password }, quiet: true });
    onDone();
  };
  return html`
    <${Form} action=${action} onSend=${send}>
      <input class="visually-hidden" tabindex="-1" aria-hidden="true" autocomplete="username" value=${username} readonly />
      <${Field} label="Current password" name="current_password" type="password" autocomplete="current-password" autofocus />
      <${Field} label="New password" name="new_password" type="password" autocomplete="new-password" minlength=${8} hint="At least 8 characters. A few words are good." />
    <//>
  `;
}

/** Change the own password, in a dialog over the library. */
export function showPasswordDialog() {
  const close = showDialog(
    "Change password",
    html`<${PasswordForm}
      username=${session.get()?.username ?? ""}
      action="Change password"
      onDone=${() => {
        close();
        toast("Your password is changed.");
      }}
    />`,
  );
}
