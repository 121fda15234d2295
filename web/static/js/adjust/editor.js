// Adjusting one photo: turn, crop, straighten, light, seen at once.  Nothing is sent before Save.
import { api } from "/static/js/lib/api.js";
import { announce, el } from "/static/js/lib/dom.js";
import { html, render } from "/static/js/lib/preact.js";
import { Panel } from "/static/js/adjust/panel.js";
import { fetchPicture } from "/static/js/adjust/picture.js";
import { isSame, NOTHING, plain, turned } from "/static/js/adjust/recipe.js";
import { createStage } from "/static/js/adjust/stage.js";

const MOST_UNDO = 100;

/**
 * Open the editor over everything.
 * @param {string} id of the file
 * @param {{ onSaved: (answer: { file: any, undo: string | null }) => void, onClosed?: () => void }} on
 * @returns {Promise<void>} once it is open; rejects with what the server says when this file cannot be adjusted
 */
export async function openEditor(id, { onSaved, onClosed }) {
  const at = `/files/${encodeURIComponent(id)}/adjustments`;
  const [{ recipe: stored }, picture] = await Promise.all([api.get(at), fetchPicture(id)]);
  const first = { ...NOTHING, ...stored };
  let recipe = first;
  let tab = "shape";
  let busy = false;
  let error = /** @type {any} */ (null);
  /** @type {import("./recipe.js").Recipe[]} */
  const steps = [];
  let ofStep = "";

  const dialog = /** @type {HTMLDialogElement} */ (el("dialog", { class: "adjust", "aria-label": "Adjust photo", tabindex: "-1" }));
  const stageRoot = el("div", { class: "adjust-stage" });
  const panelRoot = el("div", { class: "adjust-panel" });
  dialog.append(stageRoot, panelRoot);
  const stage = createStage(stageRoot, picture, { onCrop: (crop) => change({ crop }, "crop") });

  /** @param {Partial<import("./recipe.js").Recipe>} values @param {string} [step] changes of one step are taken back together */
  function change(values, step = "") {
    if (!step || step !== ofStep) {
      steps.push(recipe);
      if (steps.length > MOST_UNDO) steps.shift();
    }
    ofStep = step;
    recipe = { ...recipe, ...values };
    draw();
  }

  function draw() {
    stage.show(recipe, tab);
    render(html`<${Panel} ...${{ recipe, tab, busy, error, isChanged: !isSame(recipe, first), isAdjusted: !isSame(recipe, NOTHING), canUndo: steps.length > 0, frame: stage.frame() }} ...${actions} />`, panelRoot);
  }

  async function save() {
    if (busy || isSame(recipe, first)) {
      if (!busy) dialog.close();
      return;
    }
    busy = true;
    error = null;
    draw();
    try {
      const answer = await api.put(at, plain(recipe));
      dialog.close();
      onSaved(answer);
    } catch (problem) {
      busy = false;
      error = problem;
      draw();
    }
  }

  const actions = {
    change,
    /** A slider was let go: the next change is another step. */
    onStep: () => (ofStep = ""),
    onTab(/** @type {string} */ next) {
      tab = next;
      draw();
    },
    onTurn(/** @type {{ turns?: number, mirror?: boolean }} */ how) {
      change(turned(recipe, how));
      announce(how.mirror ? "Mirrored" : how.turns === 1 ? "Turned right" : "Turned left");
    },
    onReset: () => change({ ...NOTHING }),
    onUndo() {
      recipe = steps.pop() ?? recipe;
      ofStep = "";
      draw();
    },
    onBefore: stage.before,
    onCancel: () => dialog.close(),
    onSave: save,
  };

  /** @param {KeyboardEvent} event */
  function key(event) {
    event.stopPropagation(); // the viewer hears the document
    const target = /** @type {HTMLElement} */ (event.target);
    if (busy || target.matches("input:not([type=range]), textarea")) return;
    if ((event.ctrlKey || event.metaKey) && event.key === "z") {
      event.preventDefault();
      actions.onUndo();
      return;
    }
    if (event.ctrlKey || event.metaKey || event.altKey) return;
    const run = {
      r: () => actions.onTurn({ turns: 1 }),
      l: () => actions.onTurn({ turns: 3 }),
      m: () => actions.onTurn({ mirror: true }),
      b: () => !event.repeat && stage.before(true),
      1: () => actions.onTab("shape"),
      2: () => actions.onTab("light"),
      Enter: () => !target.matches("button") && save(),
    }[event.key];
    if (!run) return;
    if (event.key !== "Enter") event.preventDefault();
    run();
  }

  dialog.addEventListener("keydown", key);
  dialog.addEventListener("keyup", (event) => {
    event.stopPropagation();
    if (event.key === "b") stage.before(false);
  });
  dialog.addEventListener("cancel", (event) => busy && event.preventDefault());
  dialog.addEventListener("close", () => {
    stage.destroy();
    render(null, panelRoot);
    dialog.remove();
    picture.close();
    onClosed?.();
  });
  document.getElementById("overlays")?.append(dialog);
  dialog.showModal();
  draw();
  dialog.focus();
}
