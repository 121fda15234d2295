// One person of the house: what they are, and behind a button their devices, their keys and what can be done.
import { api } from "/static/js/lib/api.js";
import { ago, dateShort } from "/static/js/lib/format.js";
import { Icon } from "/static/js/lib/icon.js";
import { html, useEffect, useState } from "/static/js/lib/preact.js";
import { session } from "/static/js/lib/session.js";
import { SessionList } from "/static/js/sessions/list.js";
import { askChange, askPassword } from "/static/js/users/forms.js";
import { ErrorNote } from "/static/js/ui/failure.js";
import { sure } from "/static/js/ui/sure.js";
import { toast, toastError } from "/static/js/ui/toast.js";

/** @typedef {import("./pages.js").Person} Person */

/** @param {{ user: Person, onChanged: (user: Person) => void, onRemoved: (id: string) => void }} props */
export function UserRow({ user, onChanged, onRemoved }) {
  const [open, setOpen] = useState(false);
  const me = user.id === session.get()?.id;
  const name = user.name || user.username;
  const facts = [user.username, me && "you", user.shares && "shares what they upload", `since ${dateShort(user.created.slice(0, 10))}`];
  const more = `more-${user.id}`;
  return html`<li class=${`user-row ${user.disabled ? "is-out" : ""}`}>
    <span class="avatar" aria-hidden="true">${[...name][0]?.toUpperCase()}</span>
    <div class="user-words">
      <span class="user-name">${name}${user.role === "admin" && html`<span class="badge">Admin</span>`}${user.disabled && html`<span class="badge is-bad">Let out</span>`}</span>
      <small>${facts.filter(Boolean).join(" · ")}</small>
    </div>
    <button class="icon-button" type="button" aria-label=${`Change ${name}`} title="Change" onClick=${() => askChange(user, onChanged)}><${Icon} name="pencil" /></button>
    <button class="icon-button user-more" type="button" aria-expanded=${String(open)} aria-controls=${more} aria-label=${`More of ${name}`} title="Devices, keys, password" onClick=${() => setOpen(!open)}><${Icon} name="chevron-down" /></button>
    ${open && html`<div class="user-more-box" id=${more}><${More} user=${user} me=${me} onChanged=${onChanged} onRemoved=${onRemoved} /></div>`}
  </li>`;
}

/** @param {{ user: Person, me: boolean, onChanged: (user: Person) => void, onRemoved: (id: string) => void }} props */
function More({ user, me, onChanged, onRemoved }) {
  const [found, setFound] = useState(/** @type {{ sessions: any[], keys: any[] } | null} */ (null));
  const [error, setError] = useState(/** @type {any} */ (null));
  useEffect(() => {
    Promise.all([api.get(`/sessions?user=${user.id}`), api.get(`/keys?user=${user.id}`)]).then(([{ items: sessions }, { items: keys }]) => setFound({ sessions, keys }), setError);
  }, [user]);
  const ended = (/** @type {string[]} */ ids) => setFound((now) => now && { ...now, sessions: now.sessions.filter(({ id }) => !ids.includes(id)) });
  const keyEnded = (/** @type {string} */ gone) => setFound((now) => now && { ...now, keys: now.keys.filter(({ id }) => id !== gone) });
  if (error) return html`<${ErrorNote} error=${error} />`;
  if (!found) return html`<div class="panel-wait"><span class="spinner"></span></div>`;
  return html`
    <h3>Devices</h3>
    ${found.sessions.length ? html`<${SessionList} sessions=${found.sessions} onEnded=${ended} />` : html`<p class="sharing-none">Logged in nowhere.</p>`}
    <h3>Keys of programs</h3>
    ${found.keys.length ? html`<ul class="session-list">${found.keys.map((key) => html`<${Key} key=${key.id} of=${key} onEnded=${keyEnded} />`)}</ul>` : html`<p class="sharing-none">None.</p>`}
    <${Deeds} user=${user} me=${me} onChanged=${onChanged} onRemoved=${onRemoved} />
  `;
}

/** @param {{ of: any, onEnded: (id: string) => void }} props */
function Key({ of: { id, name, scopes, last_used }, onEnded }) {
  const end = async () => {
    try {
      await api.delete(`/keys/${id}`);
      onEnded(id);
      toast("The key opens nothing any more.");
    } catch (error) {
      toastError(/** @type {any} */ (error));
    }
  };
  return html`<li class="session-row">
    <span class="link-mark"><${Icon} name="key-round" size=${20} /></span>
    <div class="session-words"><span>${name || "A key without a name"}</span><small>${scopes.join(", ")} · ${last_used ? `used ${ago(last_used)}` : "never used"}</small></div>
    <button class="button is-small" type="button" aria-label=${`End the key ${name}`} onClick=${end}>End</button>
  </li>`;
}

/** @param {{ user: Person, me: boolean, onChanged: (user: Person) => void, onRemoved: (id: string) => void }} props */
function Deeds({ user, me, onChanged, onRemoved }) {
  const name = user.name || user.username;
  const doing = async (/** @type {() => Promise<void>} */ run) => {
    try {
      await run();
    } catch (error) {
      toastError(/** @type {any} */ (error));
    }
  };
  const turn = () =>
    doing(async () => {
      const next = await api.patch(`/users/${user.id}`, { disabled: !user.disabled });
      onChanged(next);
      toast(next.disabled ? `${name} is out: devices, keys and links open nothing any more.` : `${name} may log in again.`);
    });
  const remove = () =>
    doing(async () => {
      if (!(await sure(`Remove ${name}?`, "The account is gone then. Whoever has photos here cannot be removed.", "Remove"))) return;
      await api.delete(`/users/${user.id}`);
      onRemoved(user.id);
      toast(`${name} is removed.`);
    });
  return html`<div class="user-deeds">
    <button class="button is-small" type="button" onClick=${() => askPassword(user)}><${Icon} name="key-round" size=${16} />New password</button>
    ${!me && html`<button class="button is-small" type="button" onClick=${turn}><${Icon} name=${user.disabled ? "user-plus" : "user-x"} size=${16} />${user.disabled ? "Let in again" : "Let out"}</button>
      <button class="button is-small is-plain" type="button" onClick=${remove}><${Icon} name="trash-2" size=${16} />Remove</button>`}
  </div>`;
}
