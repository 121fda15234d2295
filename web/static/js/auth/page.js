import { api, request } from "/static/js/lib/api.js";
import { house, setTitle } from "/static/js/lib/house.js";
import { html, useEffect, useState } from "/static/js/lib/preact.js";
import { keptPlace, session } from "/static/js/lib/session.js";
import { useStore } from "/static/js/lib/store.js";
import { FirstSteps } from "/static/js/auth/first.js";
import { Field, Form } from "/static/js/auth/form.js";
import { PasswordForm } from "/static/js/auth/password.js";
import { Logo } from "/static/js/ui/logo.js";

const TITLES = { setup: "Welcome", login: "Log in", password: "Choose a new password" };

/** @param {{ name: "setup" | "login" | "password", onEnter: (user: import("../lib/session.js").User | null) => unknown }} props */
export function AuthPage({ name, onEnter }) {
  useEffect(() => {
    setTitle(TITLES[name]);
    return () => {
      setTitle();
    };
  }, [name]);
  const Page = { setup: Setup, login: Login, password: NewPassword }[name];
  return html`
    <main class="auth">
      <div class="auth-card">
        <div class="auth-brand"><${Logo} size=${40} /><span>${useStore(house)}</span></div>
        <h1>${TITLES[name]}</h1>
        <${Page} onEnter=${onEnter} />
      </div>
    </main>
  `;
}

function Setup({ onEnter }) {
  const [user, setUser] = useState(/** @type {any} */ (null));
  const send = async ({ called, ...values }) => {
    const body = { ...values, one_time_password: values.one_time_password.trim(), username: values.username.trim(), name: values.name.trim() };
    history.replaceState(null, "", "/setup");
    const made = await request("/setup", { method: "POST", body, quiet: true });
    if (called.trim() !== house.get()) {
      const named = () => house.set(called.trim());
      await api.patch("/settings", { name: called }).then(named, () => {}); // it can be named later, too
    }
    setUser(made);
  };
  if (user) return html`<${FirstSteps} onDone=${() => onEnter(user)} />`;
  return html`
    <p class="auth-lead"><strong>1 of 4.</strong> Make the first account. It can add folders and invite the family.</p>
    <${Form} action="Start" onSend=${send}>
      <${Field} label="One-time password" name="one_time_password" value=${decodeURIComponent(location.hash.slice(1))} autocomplete="off" autofocus hint="Shown in the terminal where Homeroll was started, in the line “Password:”." />
      <${Field} label="Your name" name="name" autocomplete="name" />
      <${Field} label="User name" name="username" value="admin" autocomplete="username" hint="What you type to log in." />
      <${Field} label="New password" name="password" type="password" autocomplete="new-password" minlength=${8} hint="At least 8 characters. A few words are good." />
      <${Field} label="Name of this Homeroll" name="called" value=${house.get()} autocomplete="off" />
    <//>
  `;
}

function Login({ onEnter }) {
  const send = async ({ username, password }) => {
    onEnter(await request("/auth/login", { method: "POST", body: { username: username.trim(), password }, quiet: true }));
  };
  return html`
    ${keptPlace() && html`<p class="auth-lead">Log in to go on.</p>`}
    <${Form} action="Log in" onSend=${send}>
      <${Field} label="User name" name="username" autocomplete="username" autofocus />
      <${Field} label="Password" name="password" type="password" autocomplete="current-password" />
    <//>
  `;
}

function NewPassword({ onEnter }) {
  const user = session.get();
  return html`
    <p class="auth-lead">The password you came with works once. From now on the one you choose here counts.</p>
    <${PasswordForm} username=${user?.username ?? ""} action="Go on" onDone=${() => onEnter({ ...user, must_change_password: false })} />
  `;
}
