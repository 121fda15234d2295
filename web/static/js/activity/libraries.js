import { api } from "/static/js/lib/api.js";
import { ago, plural } from "/static/js/lib/format.js";
import { Icon } from "/static/js/lib/icon.js";
import { html, useState } from "/static/js/lib/preact.js";
import { refreshStatus } from "/static/js/status.js";
import { Field, Form } from "/static/js/auth/form.js";
import { sure } from "/static/js/ui/sure.js";
import { toast, toastError } from "/static/js/ui/toast.js";

const ICONS = { frozen: "snowflake", scanning: "refresh-cw", ready: "folder" };

/** @param {import("../status.js").Library} library */
async function scan(library) {
  try {
    await api.post(`/libraries/${library.id}/scan`);
    toast(`Looking through ${library.name}.`);
    await refreshStatus();
  } catch (error) {
    toastError(error);
  }
}

/** @param {import("../status.js").Library} library */
async function acceptMissing(library) {
  const title = `Are the missing files of ${library.name} meant to be gone?`;
  if (!(await sure(title, "They leave the timeline and go to the trash.", "They are gone"))) return;
  try {
    await api.post(`/libraries/${library.id}/accept-missing`);
    toast(`${library.name} goes on without the missing files.`);
    await refreshStatus();
  } catch (error) {
    toastError(error);
  }
}

/** The folders that are shown, and their state. @param {{ libraries: import("../status.js").Library[], known: boolean, admin: boolean }} props */
export function Libraries({ libraries, known, admin }) {
  const [adding, setAdding] = useState(false);
  const add = async ({ root, name }) => {
    const path = root.trim().replace(/(.)\/+$/, "$1");
    await api.post("/libraries", { name: name.trim() || path.split("/").pop() || path, root: path });
    setAdding(false);
    toast("Folder added. Its photos appear as they are found.");
    await refreshStatus();
  };
  const hasFolder = libraries.some((library) => library.kind === "folder");
  return html`
    <section aria-label="Libraries">
      <h3>Libraries</h3>
      <ul class="cards">
        ${libraries.map((library) => html`<${Card} key=${library.id} library=${library} admin=${admin} />`)}
      </ul>
      ${admin &&
      (adding || (!hasFolder && known)
        ? html`<div class="card is-form">
            <${Form} action="Add folder" onSend=${add}>
              <${Field} label="Folder on the Homeroll machine" name="root" hint="For example /home/anna/Pictures. Photos stay where they are and are never changed." autofocus=${adding} />
              <div class="field"><label for="field-name">Name</label><div class="field-box"><input id="field-name" name="name" placeholder="Pictures" autocomplete="off" /></div></div>
            <//>
          </div>`
        : html`<div class="row-actions"><button class="button is-small" type="button" onClick=${() => setAdding(true)}><${Icon} name="folder-plus" size=${16} />Add a folder</button></div>`)}
    </section>
  `;
}

function Card({ library, admin }) {
  const { status: state } = library;
  const facts = {
    scanning: `Looking for photos: ${plural(library.files, "file")} so far`,
    ready: [plural(library.files, "file"), library.last_scan && `looked through ${ago(library.last_scan)}`].filter(Boolean).join(" · "),
  };
  return html`
    <li class=${`card is-${state}`}>
      <span class=${state === "scanning" ? "card-icon is-turning" : "card-icon"}><${Icon} name=${library.kind === "uploads" && state === "ready" ? "cloud-upload" : ICONS[state]} /></span>
      <div class="card-text">
        <strong class="is-name">${library.name}</strong>
        ${library.kind === "folder" && html`<p class="card-path" title=${library.root}>${library.root}</p>`}
        ${state === "frozen"
          ? html`<p class="is-warn">On hold: ${library.reason}</p>
              <p>${library.hint} Nothing was removed.</p>
              ${admin &&
              html`<div class="row-actions">
                <button class="button is-small" type="button" onClick=${() => scan(library)}>Check again</button>
                <button class="button is-small is-plain" type="button" onClick=${() => acceptMissing(library)}>The files are meant to be gone</button>
              </div>`}`
          : html`<p>${facts[state] ?? ""}</p>
              ${state === "ready" && library.reason && html`<p class="is-warn">${library.reason}</p>`}
              ${state === "ready" && library.hint && html`<p>${library.hint}</p>`}`}
      </div>
      ${admin && state === "ready" && library.kind === "folder" &&
      html`<button class="icon-button" type="button" aria-label=${`Look through ${library.name} now`} title="Look for changes now" onClick=${() => scan(library)}><${Icon} name="refresh-cw" size=${18} /></button>`}
    </li>
  `;
}
