// The editor's buttons and sliders.
import { Icon } from "/static/js/lib/icon.js";
import { html } from "/static/js/lib/preact.js";
import { copyLight, copiedLight } from "/static/js/adjust/copied.js";
import { fitted, NO_LIGHT, shapeOf } from "/static/js/adjust/recipe.js";
import { isLit } from "/static/js/adjust/picture.js";

const ASPECTS = [["free", "Free"], ["original", "Original"], ["square", "Square"], ["4:3", "4:3"], ["3:2", "3:2"], ["16:9", "16:9"]];
/** name, label, most either way, step */
const SLIDERS = /** @type {const} */ ([
  ["exposure", "Exposure", 2, 0.05],
  ["contrast", "Contrast", 1, 0.01],
  ["highlights", "Highlights", 1, 0.01],
  ["shadows", "Shadows", 1, 0.01],
  ["warmth", "Warmth", 1, 0.01],
  ["saturation", "Saturation", 1, 0.01],
]);

/** @param {any} props */
export function Panel(props) {
  const { tab, busy, error, isChanged, isAdjusted, canUndo, onTab, onCancel, onSave, onReset, onUndo, onBefore } = props;
  const hold = { onPointerDown: () => onBefore(true), onPointerUp: () => onBefore(false), onPointerLeave: () => onBefore(false), onPointerCancel: () => onBefore(false) };
  const holdKey = (/** @type {KeyboardEvent} */ event) => [" ", "Enter"].includes(event.key) && (event.preventDefault(), onBefore(event.type === "keydown"));
  return html`
    <header class="adjust-head">
      <button class="button" type="button" disabled=${busy} onClick=${onCancel}>Cancel</button>
      <span class="adjust-tools">
        <button class="icon-button" type="button" aria-label="Take back the last step" title="Take back the last step (Ctrl+Z)" disabled=${!canUndo || busy} onClick=${onUndo}><${Icon} name="history" /></button>
        <button class="icon-button" type="button" aria-label="Hold to see it as taken" title="Hold to see it as taken (b)" ...${hold} onKeyDown=${holdKey} onKeyUp=${holdKey}><${Icon} name="eye" /></button>
      </span>
      <button class="button is-primary" type="button" disabled=${busy} onClick=${onSave}>${busy ? html`<span class="spinner"></span>` : ""}${isChanged ? "Save" : "Done"}</button>
    </header>
    ${error && html`<p class="adjust-error" role="alert">${error.message}${error.hint ? ` ${error.hint}` : ""}</p>`}
    <div class="adjust-tabs" role="tablist" aria-label="What to adjust">
      ${[["shape", "crop", "Crop"], ["light", "sun", "Light"]].map(
        ([name, icon, label]) => html`<button type="button" role="tab" key=${name} aria-selected=${String(tab === name)} onClick=${() => onTab(name)}><${Icon} name=${icon} size=${18} />${label}</button>`,
      )}
    </div>
    <div class="adjust-body" role="tabpanel">${tab === "shape" ? html`<${Shape} ...${props} />` : html`<${Lights} ...${props} />`}</div>
    <footer class="adjust-foot">
      <button class="button is-small" type="button" disabled=${!isAdjusted || busy} onClick=${onReset}><${Icon} name="refresh-cw" size=${16} />Reset to the original</button>
    </footer>
  `;
}

/** @param {any} props */
function Shape({ recipe, frame, change, onStep, onTurn }) {
  const [, , width, height] = recipe.crop ?? [0, 0, 1, 1];
  const isTall = width * frame[0] < height * frame[1];
  const choose = (/** @type {string} */ aspect) => {
    // The same shape again lays it on its side.
    const tall = recipe.aspect === aspect ? !isTall : isTall;
    const shape = shapeOf(aspect, tall, frame);
    change({ aspect, crop: fitted(recipe.crop ?? [0, 0, 1, 1], shape) });
  };
  return html`
    <div class="adjust-row">
      <button class="button" type="button" aria-label="Turn left" title="Turn left (l)" onClick=${() => onTurn({ turns: 3 })}><${Icon} name="rotate-ccw" />Left</button>
      <button class="button" type="button" aria-label="Turn right" title="Turn right (r)" onClick=${() => onTurn({ turns: 1 })}><${Icon} name="rotate-cw" />Right</button>
      <button class="button" type="button" aria-label="Mirror" title="Mirror (m)" aria-pressed=${String(recipe.mirror)} onClick=${() => onTurn({ mirror: true })}><${Icon} name="flip-vertical-2" />Mirror</button>
    </div>
    <${Slider} name="angle" label="Straighten" most=${45} step=${0.1} unit="°" value=${recipe.angle} onStep=${onStep} onValue=${(angle) => change({ angle }, "angle")} />
    <div class="adjust-aspects" role="radiogroup" aria-label="Shape of the crop">
      ${ASPECTS.map(([name, label]) => html`<button class="button is-small" type="button" role="radio" key=${name} aria-checked=${String(recipe.aspect === name)} onClick=${() => choose(name)}>${label}</button>`)}
    </div>
  `;
}

/** @param {any} props */
function Lights({ recipe, change, onStep }) {
  const { light } = recipe;
  const set = (/** @type {Record<string, any>} */ values, /** @type {string} */ step = "") => change({ light: { ...light, ...values } }, step);
  const copied = copiedLight();
  return html`
    ${SLIDERS.map(([name, label, most, step]) => html`<${Slider} key=${name} name=${name} label=${label} most=${most} step=${step} value=${light[name]} disabled=${name === "saturation" && light.black_and_white} onStep=${onStep} onValue=${(value) => set({ [name]: value }, name)} />`)}
    <label class="adjust-check"><input type="checkbox" checked=${light.black_and_white} onChange=${(event) => set({ black_and_white: event.target.checked })} />Black and white</label>
    <div class="adjust-row">
      <button class="button is-small" type="button" disabled=${!isLit(light)} onClick=${() => (copyLight(light), change({}))}><${Icon} name="copy" size=${16} />Copy light</button>
      <button class="button is-small" type="button" disabled=${!copied} onClick=${() => copied && set(copied)}>Paste light</button>
      <button class="button is-small" type="button" disabled=${!isLit(light)} onClick=${() => set(NO_LIGHT)}>No light</button>
    </div>
  `;
}

function Slider({ name, label, most, step, value, unit = "", disabled = false, onValue, onStep }) {
  const shown = unit ? `${value.toFixed(1)}${unit}` : `${value > 0 ? "+" : ""}${Math.round((value / most) * 100)}`;
  return html`<div class="adjust-slider">
    <label for=${`adjust-${name}`}>${label}</label>
    <output>${shown}</output>
    <input id=${`adjust-${name}`} type="range" min=${-most} max=${most} step=${step} value=${value} disabled=${disabled} aria-valuetext=${shown}
      onInput=${(event) => onValue(Math.abs(event.target.value) < most * 0.015 ? 0 : Number(event.target.value))} onChange=${onStep} onDblClick=${() => onValue(0)} />
  </div>`;
}
