import { size } from "/static/js/lib/format.js";
import { html } from "/static/js/lib/preact.js";
import { useStore } from "/static/js/lib/store.js";
import { ModelCard } from "/static/js/models/card.js";
import { loadModels, models } from "/static/js/models/data.js";
import { ErrorNote } from "/static/js/ui/failure.js";

/** Task of a model -> what stands above those that do it. */
const TASKS = [
  [["embedding", "embed"], "Search by meaning"],
  [["tags", "tagging", "tag"], "Tags"],
  [["caption", "captions", "captioning"], "Captions"],
  [["ocr", "text"], "Text in pictures"],
  [["faces", "face"], "Faces"],
];

/** Every model by what it does. */
export function Models() {
  const { loaded, error, items, free } = useStore(models);
  if (!loaded && error) return html`<${ErrorNote} error=${error} /><button class="button is-small" type="button" onClick=${loadModels}>Try again</button>`;
  if (!loaded) return html`<div class="panel-wait"><span class="spinner"></span></div>`;
  const left = new Set(items);
  const groups = TASKS.map(([tasks, title]) => {
    const members = items.filter(({ task }) => tasks.includes(task));
    for (const member of members) left.delete(member);
    return { title, members };
  });
  if (left.size) groups.push({ title: "Others", members: [...left] });
  return html`
    <p class="settings-lead">Models look at your photos on this machine; no photo leaves it. Fetching one asks the internet once, for the model. ${free > 0 && html`<span class="settings-free">${size(free)} free on the disk.</span>`}</p>
    ${groups.filter(({ members }) => members.length).map(({ title, members }) => html`<section class="model-group" key=${title} aria-label=${title}><h3 class="model-task">${title}</h3><ul>${members.map((model) => html`<${ModelCard} key=${model.name} model=${model} />`)}</ul></section>`)}
  `;
}
