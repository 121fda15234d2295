// A field for a place: a town by its name, or a position as maps write it.
import { api } from "/static/js/lib/api.js";
import { html, useRef, useState } from "/static/js/lib/preact.js";

const TYPING_MS = 150;
const POSITION = /^\s*(-?\d{1,2}(?:\.\d+)?)\s*[,; ]\s*(-?\d{1,3}(?:\.\d+)?)\s*$/;

/** @typedef {{ name: string, region: string, country: string, latitude: number, longitude: number }} Town */

/** @param {{ onTown: (town: Town | null) => void }} props */
export function TownField({ onTown }) {
  const [towns, setTowns] = useState(/** @type {Town[]} */ ([]));
  const [text, setText] = useState("");
  const [at, setAt] = useState(-1);
  const timer = useRef(0);
  const pick = (/** @type {Town} */ town) => {
    setText([town.name, town.region, town.country].filter(Boolean).join(", "));
    setTowns([]);
    setAt(-1);
    onTown(town);
  };
  const typed = (/** @type {string} */ value) => {
    setText(value);
    clearTimeout(timer.current);
    const position = POSITION.exec(value);
    onTown(position ? { name: "", region: "", country: "", latitude: Number(position[1]), longitude: Number(position[2]) } : null);
    if (position || value.trim().length < 2) return setTowns([]);
    timer.current = setTimeout(async () => {
      const found = await api.get(`/places/towns?q=${encodeURIComponent(value)}&limit=7`).catch(() => null); // a position can be typed instead
      setTowns(found?.items ?? []);
      setAt(-1);
    }, TYPING_MS);
    return undefined;
  };
  const key = (/** @type {KeyboardEvent} */ event) => {
    if (!towns.length) return;
    if (event.key === "ArrowDown") setAt((at + 1) % towns.length);
    else if (event.key === "ArrowUp") setAt((at - 1 + towns.length) % towns.length);
    else if (event.key === "Enter") pick(towns[Math.max(0, at)]);
    else return;
    event.preventDefault();
  };
  return html`<div class="field town-field">
    <label for="town">Town or position</label>
    <input id="town" type="text" role="combobox" aria-expanded=${String(towns.length > 0)} aria-controls="town-list" aria-autocomplete="list" aria-activedescendant=${at >= 0 ? `town-${at}` : undefined} autocomplete="off" placeholder="Lisbon, or 38.72, -9.14" value=${text} autofocus onInput=${(event) => typed(event.target.value)} onKeyDown=${key} />
    <ul id="town-list" class="town-list" role="listbox" aria-label="Towns" hidden=${!towns.length}>
      ${towns.map((town, i) => html`<li key=${i} id=${`town-${i}`} role="option" aria-selected=${String(i === at)} onPointerDown=${(event) => (event.preventDefault(), pick(town))}><strong>${town.name}</strong><span>${[town.region, town.country].filter(Boolean).join(", ")}</span></li>`)}
    </ul>
  </div>`;
}
