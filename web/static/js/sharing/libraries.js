// Libraries of one's own: whether the family sees what is in them, all of it and from now on.
import { api } from "/static/js/lib/api.js";
import { plural } from "/static/js/lib/format.js";
import { Icon } from "/static/js/lib/icon.js";
import { html, useState } from "/static/js/lib/preact.js";
import { session } from "/static/js/lib/session.js";
import { showDialog } from "/static/js/ui/dialog.js";
import { toast, toastError } from "/static/js/ui/toast.js";

/** @param {{ first: any[] }} props */
export function OwnLibraries({ first }) {
  const [libraries, setLibraries] = useState(first);
  const own = libraries.filter(({ user }) => user && user === session.get()?.id);
  if (!own.length) return null;
  const changed = (/** @type {any} */ next) => setLibraries((now) => now.map((library) => (library.id === next.id ? next : library)));
  return html`<section class="sharing-part" aria-label="Your libraries">
    <h2>Your libraries</h2>
    <ul class="session-list">${own.map((library) => html`<${Line} key=${library.id} library=${library} onChanged=${changed} />`)}</ul>
  </section>`;
}

/** @param {{ library: any, onChanged: (library: any) => void }} props */
function Line({ library, onChanged }) {
  const { id, name, kind, shared, files } = library;
  const turn = async () => {
    try {
      const next = await api.post(`/libraries/${id}/shared`, { shared: !shared });
      onChanged(next);
      if (kind === "uploads") session.set((user) => user && { ...user, shares: next.shared });
      toast(next.shared ? `The family sees what is in ${name}.` : `Only you see what is in ${name}.`);
    } catch (error) {
      toastError(/** @type {any} */ (error));
    }
  };
  return html`<li class="session-row">
    <span class="link-mark"><${Icon} name=${kind === "uploads" ? "cloud-upload" : "folder"} size=${20} /></span>
    <div class="session-words"><span>${name}</span><small>${plural(files, "file")} · ${shared ? "the family sees them" : "only you see them"}</small></div>
    <button class="button is-small" type="button" aria-label=${shared ? `Keep ${name} private` : `Share ${name} with the family`} onClick=${() => ask(library, turn)}>${shared ? "Keep private" : "Share with the family"}</button>
  </li>`;
}

/** @param {any} library @param {() => Promise<void>} turn */
function ask({ name, shared, files }, turn) {
  const run = () => {
    close();
    turn();
  };
  const close = showDialog(
    shared ? `Keep “${name}” private?` : `Share “${name}”?`,
    html`<p class="dialog-lead">${shared ? `Nobody but you sees its ${plural(files, "file")} any more, those that you shared one by one too, and what comes into it from now on.` : `Everybody in the house sees its ${plural(files, "file")}, and what comes into it from now on. They cannot change anything. What is locked away stays locked.`}</p>
      <div class="dialog-actions">
        <button class="button" type="button" onClick=${() => close()}>Cancel</button>
        <button class="button is-primary" type="button" autofocus onClick=${run}>${shared ? "Keep private" : "Share"}</button>
      </div>`,
  );
}
