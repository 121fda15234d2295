// Making and changing a link: what it shows and allows, a password, an end.
import { api } from "/static/js/lib/api.js";
import { copyText } from "/static/js/lib/dom.js";
import { Icon } from "/static/js/lib/icon.js";
import { html, useState } from "/static/js/lib/preact.js";
import { Form } from "/static/js/auth/form.js";
import { showDialog } from "/static/js/ui/dialog.js";
import { toast } from "/static/js/ui/toast.js";

const DAY_MS = 86_400_000;
const ENDS = [
  ["", "never"],
  ["1", "tomorrow"],
  ["7", "in a week"],
  ["30", "in a month"],
  ["365", "in a year"],
];
const FLAGS = [
  ["allow_download", "Allow downloads", "Without what is hidden below."],
  ["show_metadata", "Show dates, names and camera", ""],
  ["show_location", "Show places", "Off: neither here nor in what is downloaded."],
];
const UPLOAD = ["allow_upload", "Let guests add photos", "You look at them first; until then nobody else sees them."];

/** The whole address. @param {string} path */
export const addressOf = (path) => `${location.origin}${path}`;

/** @param {{ album?: string, files?: string[], person?: string, event?: string, name: string, canUpload?: boolean }} what */
export function askLink({ name, canUpload = false, ...what }) {
  const close = showDialog("Share by a link", html`<${NewLink} what=${what} name=${name} canUpload=${canUpload} close=${() => close()} />`);
}

/** @param {{ what: Record<string, unknown>, name: string, canUpload: boolean, close: () => void }} props */
function NewLink({ what, name, canUpload, close }) {
  const [made, setMade] = useState(/** @type {any} */ (null));
  if (made) return html`<${Made} link=${made} close=${close} />`;
  const send = async (/** @type {Record<string, string>} */ values) => setMade(await api.post("/shares", { ...what, ...settingsOf(values) }));
  return html`<${Form} action="Make link" onSend=${send}>
    <p class="dialog-lead">Whoever has the address sees ${name.match(/^\d/) ? name : html`<strong>${name}</strong>`}, without a login. You can take it back at any time.</p>
    <${LinkFields} name=${name} canUpload=${canUpload} />
  <//>`;
}

/** @param {{ link: any, close: () => void }} props */
function Made({ link, close }) {
  const address = addressOf(link.path);
  const copy = async () => toast((await copyText(address)) ? "The address is copied." : "Copy it from the field, please.");
  return html`<div class="link-made">
    <p class="dialog-lead">The link is ready. Send it to whom you like.</p>
    <input class="link-address" readonly value=${address} aria-label="Address" onFocus=${(/** @type {any} */ event) => event.target.select()} />
    <div class="link-buttons">
      <button class="button is-primary" type="button" autofocus onClick=${copy}><${Icon} name="copy" size=${18} />Copy</button>
      <a class="button" href=${link.path} target="_blank" rel="noopener"><${Icon} name="eye" size=${18} />Look at it</a>
      <button class="button" type="button" onClick=${close}>Done</button>
    </div>
  </div>`;
}

/** @param {any} link @param {(link: any) => unknown} onChanged */
export function askLinkChange(link, onChanged) {
  const send = async (/** @type {Record<string, string>} */ values) => {
    const { name, password, expires, ...flags } = settingsOf(values);
    const changes = { ...flags, ...(name && { name }), ...(values.end !== "keep" && { expires }), ...((password || values.no_password) && { password }) };
    const next = await api.patch(`/shares/${link.id}`, changes);
    close();
    onChanged(next);
  };
  const close = showDialog("Change the link", html`<${Form} action="Save" onSend=${send}><${LinkFields} link=${link} name=${link.name} canUpload=${link.kind === "album"} /><//>`);
}

/** @param {Record<string, string>} values of the form */
function settingsOf(values) {
  const days = Number(values.end);
  return {
    name: values.name?.trim(),
    password: values.password || null,
    expires: days ? new Date(Date.now() + days * DAY_MS).toISOString() : null,
    ...Object.fromEntries([...FLAGS, UPLOAD].map(([flag]) => [flag, Boolean(values[flag])])),
  };
}

/** @param {{ link?: any, name: string, canUpload: boolean }} props */
function LinkFields({ link, name, canUpload }) {
  const flags = canUpload ? [...FLAGS, UPLOAD] : FLAGS;
  const ends = link ? [["keep", "as it is"], ...ENDS] : ENDS;
  return html`
    <div class="field"><label for="link-name">Name, as guests see it</label><div class="field-box"><input id="link-name" name="name" defaultValue=${name} maxlength="200" autocomplete="off" /></div></div>
    <div class="link-pair">
      <div class="field">
        <label for="link-password">Password</label>
        <div class="field-box"><input id="link-password" name="password" placeholder=${link?.has_password ? "unchanged" : "none"} minlength="4" autocomplete="off" autocapitalize="none" /></div>
      </div>
      <div class="field"><label for="link-end">Ends</label><div class="field-box"><select id="link-end" name="end">${ends.map(([value, label]) => html`<option key=${value} value=${value}>${label}</option>`)}</select></div></div>
    </div>
    ${link?.has_password && html`<label class="share-flag"><input type="checkbox" name="no_password" /><span><strong>No password any more</strong></span></label>`}
    <fieldset class="share-ways"><legend>Guests</legend>${flags.map(([flag, label, hint]) => html`<label key=${flag}><input type="checkbox" name=${flag} defaultChecked=${Boolean(link?.[flag])} /><span><strong>${label}</strong>${hint && html`<small>${hint}</small>`}</span></label>`)}</fieldset>
  `;
}
