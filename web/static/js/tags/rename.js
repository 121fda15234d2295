// Another word for a tag: a new one, or one that is there already, and then the two are one.
import { api } from "/static/js/lib/api.js";
import { plural } from "/static/js/lib/format.js";
import { html } from "/static/js/lib/preact.js";
import { Field, Form } from "/static/js/auth/form.js";
import { showDialog } from "/static/js/ui/dialog.js";
import { sure } from "/static/js/ui/sure.js";
import { toast, toastError } from "/static/js/ui/toast.js";

/** @param {{ name: string, count: number }} tag @param {() => unknown} onChanged */
export function askTagName(tag, onChanged) {
  /** @param {string} said @param {{ changed: number, undo: string | null }} answer */
  const done = (said, { changed, undo }) => {
    close();
    onChanged();
    const back = () => api.post(`/journal/${undo}/undo`).then(onChanged, toastError);
    toast(`${said} on ${plural(changed, "photo")}.`, undo ? { action: { label: "Undo", run: back } } : {});
  };
  const send = async (/** @type {Record<string, string>} */ values) => {
    const to = values.name.trim();
    if (to === tag.name) return close();
    try {
      done(`“${tag.name}” is “${to}” now`, await api.post("/tags/rename", { name: tag.name, to }));
    } catch (error) {
      if (/** @type {any} */ (error).status !== 409) throw error;
      if (!(await sure("Make the two one?", `There is a tag “${to}” already. All photos with “${tag.name}” get that one instead.`, "Make them one"))) return;
      done(`“${tag.name}” became “${to}”`, await api.post("/tags/merge", { names: [tag.name], into: to }));
    }
  };
  const remove = async () => {
    try {
      done(`“${tag.name}” was taken off`, await api.post("/tags/remove", { name: tag.name }));
    } catch (error) {
      toastError(/** @type {any} */ (error));
    }
  };
  const close = showDialog(
    `The tag “${tag.name}”`,
    html`<${Form} action="Rename" onSend=${send}>
        <p class="dialog-lead">On all photos that you may change. With a slash a tag lies in another: animals/dog. What a model said under the old word does not come back by itself.</p>
        <${Field} label="Name" name="name" value=${tag.name} autofocus />
      <//>
      <div class="choice-else"><button class="button" type="button" onClick=${remove}>Take it off all photos</button></div>`,
  );
}
