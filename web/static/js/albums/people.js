// Who may look at an album, and who may change it.
import { request } from "/static/js/lib/api.js";
import { api } from "/static/js/lib/api.js";
import { html, useEffect, useState } from "/static/js/lib/preact.js";
import { session } from "/static/js/lib/session.js";
import { Form } from "/static/js/auth/form.js";
import { showDialog } from "/static/js/ui/dialog.js";

const ROLES = [
  ["", "does not see it"],
  ["viewer", "may look"],
  ["editor", "may change it"],
];

/** @param {any} album @param {(album: any) => unknown} onChanged */
export function askPeople(album, onChanged) {
  const close = showDialog(`Who sees “${album.name}”`, html`<${People} album=${album} onChanged=${onChanged} close=${() => close()} />`);
}

/** @param {{ album: any, onChanged: (album: any) => unknown, close: () => void }} props */
function People({ album, onChanged, close }) {
  const [family, setFamily] = useState(/** @type {any[] | null} */ (null));
  useEffect(() => {
    api.get("/family").then(({ items }) => setFamily(items.filter(({ id }) => id !== session.get()?.id)), () => setFamily([]));
  }, []);
  const roleOf = (/** @type {string} */ user) => album.members.find((/** @type {any} */ member) => member.user === user)?.role ?? "";
  const send = async (/** @type {Record<string, string>} */ values) => {
    const path = `/albums/${encodeURIComponent(album.id)}`;
    const members = (family ?? []).filter(({ id }) => values[id]).map(({ id }) => ({ user: id, role: values[id] }));
    await request(`${path}/members`, { method: "PUT", body: { members } });
    onChanged(await api.patch(path, { family: values.family }));
    close();
  };
  return html`<${Form} action="Save" onSend=${send}>
    <p class="dialog-lead">Whoever sees the album sees your own photos in it, wherever else they are private. Photos that others put in stay theirs.</p>
    <ul class="album-people">
      <${Line} name="family" label="Everybody in the house" value=${album.family} />
      ${family?.map(({ id, name }) => html`<${Line} key=${id} name=${id} label=${name} value=${roleOf(id)} />`)}
    </ul>
  <//>`;
}

/** @param {{ name: string, label: string, value: string }} props */
function Line({ name, label, value }) {
  return html`<li>
    <label for=${`role-${name}`}>${label}</label>
    <select id=${`role-${name}`} name=${name}>${ROLES.map(([role, words]) => html`<option key=${role} value=${role} selected=${role === value}>${words}</option>`)}</select>
  </li>`;
}
