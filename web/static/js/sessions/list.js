// Where somebody is logged in, and the way out of there.
import { api } from "/static/js/lib/api.js";
import { ago, dateShort } from "/static/js/lib/format.js";
import { Icon } from "/static/js/lib/icon.js";
import { html } from "/static/js/lib/preact.js";
import { toast, toastError } from "/static/js/ui/toast.js";

/** @typedef {{ id: string, user: string, username: string, device: string, address: string, created: string, last_seen: string, current: boolean }} Session */

/** @param {{ sessions: Session[], onEnded: (ids: string[]) => void }} props */
export function SessionList({ sessions, onEnded }) {
  return html`<ul class="session-list">${sessions.map((session) => html`<${Row} key=${session.id} session=${session} onEnded=${onEnded} />`)}</ul>`;
}

/** @param {{ session: Session, onEnded: (ids: string[]) => void }} props */
function Row({ session, onEnded }) {
  const { id, device, address, created, last_seen, current } = session;
  const end = async () => {
    try {
      await api.delete(`/sessions/${id}`);
      onEnded([id]);
      toast(`${device} is logged out.`);
    } catch (error) {
      toastError(/** @type {any} */ (error));
    }
  };
  const seen = current ? html`<strong class="session-here">This device</strong>` : `last seen ${ago(last_seen)}`;
  return html`<li class="session-row">
    <span class="link-mark"><${Icon} name=${icon(device)} size=${20} /></span>
    <div class="session-words"><span>${device}</span><small>${seen} · ${address || "address unknown"} · since ${dateShort(created.slice(0, 10))}</small></div>
    ${!current && html`<button class="button is-small" type="button" aria-label=${`Log ${device} out`} onClick=${end}>Log out</button>`}
  </li>`;
}

/** @param {string} device in words */
const icon = (device) => (/iPhone|iPad|Android/.test(device) ? "smartphone" : "monitor");
