// After the first account: a folder, models that fit this machine, when to work. The same steps as in the terminal
// (`tui/wizard.py`), each of which can be left for later.
import { Field, Form } from "/static/js/auth/form.js";
import { api } from "/static/js/lib/api.js";
import { size } from "/static/js/lib/format.js";
import { html, useEffect, useState } from "/static/js/lib/preact.js";

const AT_NIGHT = "23:00-06:30";
const STEPS = [FolderStep, ModelsStep, HoursStep];

/** @param {{ onDone: () => unknown }} props */
export function FirstSteps({ onDone }) {
  const [at, setAt] = useState(0);
  const next = () => (at + 1 < STEPS.length ? setAt(at + 1) : onDone());
  return html`<${STEPS[at]} key=${at} number=${`${at + 2} of 4`} onNext=${next} onLeave=${onDone} />`;
}

/** @param {{ number: string, text: unknown, action: string, onSend: (values: Record<string, string>) => Promise<void>, onNext: () => void, children?: unknown, footer?: unknown }} props */
function Step({ number, text, action, onSend, onNext, children, footer }) {
  const send = async (values) => {
    await onSend(values);
    onNext();
  };
  return html`
    <p class="auth-lead"><strong>${number}.</strong> ${text}</p>
    <${Form} action=${action} onSend=${send} footer=${html`<button class="button is-wide" type="button" onClick=${onNext}>Later</button>${footer}`}>${children}<//>
  `;
}

function FolderStep({ number, onNext, onLeave }) {
  const add = async ({ root }) => {
    const path = root.trim().replace(/(.)\/+$/, "$1");
    await api.post("/libraries", { root: path, name: path.split("/").pop() || path });
  };
  return html`<${Step} number=${number} text="Which folder holds your photos?" action="Add and scan" onSend=${add} onNext=${onNext}
    footer=${html`<button class="button is-wide" type="button" onClick=${onLeave}>All of this later</button>`}>
    <${Field} label="Folder on the Homeroll machine" name="root" autofocus hint="For example /home/anna/Pictures. Photos stay where they are and are never changed." />
  <//>`;
}

/** @param {import("../models/data.js").Model} model */
const isOffered = (model) => model.needs_download && model.can_be_pulled && model.fits && !model.installed && !model.pull && !model.missing_requirements.length;

function ModelsStep({ number, onNext }) {
  const [known, setKnown] = useState(/** @type {{ items: any[], free_bytes: number } | null} */ (null));
  useEffect(() => {
    api.get("/models").then(({ items, free_bytes }) => {
      const offered = items.filter(isOffered);
      if (offered.length) setKnown({ items: offered, free_bytes });
      else onNext();
    }, onNext);
  }, []);
  if (!known) return html`<div class="panel-wait"><span class="spinner"></span></div>`;
  const fetch = async (values) => {
    for (const { name } of known.items) if (values[name]) await api.post(`/models/${encodeURIComponent(name)}/pull`, {});
  };
  return html`<${Step} number=${number} action="Go on" onSend=${fetch} onNext=${onNext}
    text=${`Models that fit this machine’s memory. They are fetched from the internet, once; faces and text in photos are found without them, search by meaning and tags need one. ${size(known.free_bytes)} free.`}>
    ${known.items.map(
      (model) => html`<label class="first-model"><input type="checkbox" name=${model.name} />
        <span>${model.title}<small>${[size(model.size_bytes ?? 0), model.licence].join(" · ")}</small></span></label>`,
    )}
  <//>`;
}

function HoursStep({ number, onNext }) {
  const save = ({ window, folder }) => api.patch("/settings", { night_window: window, backup_folder: folder.trim() });
  return html`<${Step} number=${number} text="When to work, and where to copy." action="Go on" onSend=${save} onNext=${onNext}>
    <div class="field"><label for="field-window">New photos are worked on</label>
      <div class="field-box"><select id="field-window" name="window"><option value="">at any time</option><option value=${AT_NIGHT}>only at night, 23:00 to 06:30</option></select></div></div>
    <div class="field"><label for="field-folder">A copy of everything, every night, in this folder on another disk</label>
      <div class="field-box"><input id="field-folder" name="folder" placeholder="/media/backup" autocomplete="off" autocapitalize="none" spellcheck=${false} /></div>
      <p class="field-hint">Empty: none. Backups can be set up later, too.</p></div>
  <//>`;
}
