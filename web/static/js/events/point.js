// An event that is a moment, and maybe a place: what was taken around then, and near there, belongs to it.
import { api } from "/static/js/lib/api.js";
import { plural } from "/static/js/lib/format.js";
import { html, useState } from "/static/js/lib/preact.js";
import { Form } from "/static/js/auth/form.js";
import { go } from "/static/js/router.js";
import { TownField } from "/static/js/select/towns.js";
import { showDialog } from "/static/js/ui/dialog.js";
import { toast, toastError } from "/static/js/ui/toast.js";

const AROUND = [
  [30, "half an hour"],
  [60, "an hour"],
  [120, "two hours"],
  [360, "six hours"],
  [1440, "a day"],
];
const FAR = [1, 5, 20, 100];

/** Ask for a moment and make an event of it. */
export function askPoint() {
  const close = showDialog("New event", html`<${PointForm} close=${() => close()} />`);
}

/** @param {{ close: () => void }} props */
function PointForm({ close }) {
  const [town, setTown] = useState(/** @type {import("../select/towns.js").Town | null} */ (null));
  const send = async (/** @type {Record<string, string>} */ { name, moment, minutes, km }) => {
    const place = town && { latitude: town.latitude, longitude: town.longitude, km: Number(km) };
    const { event, undo } = await api.post("/events/point", { name, moment: moment.length === 16 ? `${moment}:00` : moment, minutes: Number(minutes), ...place });
    close();
    go(`/events/${event.id}`);
    toast(`“${event.title}” has ${plural(event.count, "photo")}.`, { action: { label: "Undo", run: () => takeBack(undo, "/events") } });
  };
  return html`<${Form} action="Make it" onSend=${send}>
    <p class="dialog-lead">What was taken around that moment is one event. What arrives later joins it.</p>
    <div class="field"><label for="point-name">Name</label><div class="field-box"><input id="point-name" name="name" maxlength="200" autocomplete="off" placeholder="Lena’s birthday" autofocus /></div></div>
    <div class="link-pair">
      <div class="field"><label for="point-moment">When</label><div class="field-box"><input id="point-moment" name="moment" type="datetime-local" required /></div></div>
      <div class="field"><label for="point-minutes">Before and after</label><div class="field-box"><select id="point-minutes" name="minutes">${AROUND.map(([value, label]) => html`<option key=${value} value=${value} selected=${value === 120}>${label}</option>`)}</select></div></div>
    </div>
    <${TownField} onTown=${setTown} />
    ${town && html`<div class="field"><label for="point-km">Not farther away than</label><div class="field-box"><select id="point-km" name="km">${FAR.map((km) => html`<option key=${km} value=${km} selected=${km === 5}>${km} km</option>`)}</select></div></div>`}
  <//>`;
}

/** Say that an event is none. @param {{ id: string, title: string }} event */
export async function dismiss({ id, title }) {
  try {
    const { undo } = await api.post(`/events/${encodeURIComponent(id)}/dismiss`);
    go("/events");
    toast(`“${title}” is no event. Its photos stay where they are.`, undo && { action: { label: "Undo", run: () => takeBack(undo, `/events/${id}`) } });
  } catch (error) {
    toastError(/** @type {any} */ (error));
  }
}

/** @param {string} entry of the journal @param {string} path to show then */
async function takeBack(entry, path) {
  try {
    await api.post(`/journal/${entry}/undo`);
    toast("As it was before.");
    go(path);
  } catch (error) {
    toastError(/** @type {any} */ (error));
  }
}
