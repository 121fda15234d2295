import { dayFull, exposure, localTime, size, timeOfDay, zoneName, clock } from "/static/js/lib/format.js";
import { Icon } from "/static/js/lib/icon.js";
import { html, useEffect, useState } from "/static/js/lib/preact.js";
import { Captions } from "/static/js/viewer/captions.js";
import { changeFile } from "/static/js/viewer/files.js";
import { History } from "/static/js/viewer/history.js";
import { PeopleChips } from "/static/js/viewer/people.js";
import { Tags } from "/static/js/viewer/tags.js";
import { ErrorNote } from "/static/js/ui/failure.js";
import { toast, toastError } from "/static/js/ui/toast.js";
import { searchPath } from "/static/js/router.js";

/** Everything known about the photo on screen. @param {{ file: any, error: any, people: any, onClose: () => void }} props */
export function Info({ file, error, people, onClose }) {
  return html`
    <header class="info-head">
      <h2>Information</h2>
      <button class="icon-button" type="button" aria-label="Close information" onClick=${onClose}><${Icon} name="x" /></button>
    </header>
    ${error && html`<${ErrorNote} error=${error} />`}
    ${!file && !error && html`<div class="panel-wait"><span class="spinner"></span></div>`}
    ${file && html`<${Facts} key=${file.id} file=${file} people=${people} />`}
  `;
}

function Facts({ file, people }) {
  const metadata = file.metadata ?? {};
  const local = file.start && localTime(file.start, file.utc_offset_min);
  const place = file.place && [file.place.city, file.place.region, file.place.country].filter((name, i, all) => name && all.indexOf(name) === i);
  const megapixels = file.width * file.height >= 1e6 ? `${((file.width * file.height) / 1e6).toFixed(1)} MP` : "";
  const camera = cameraName(metadata);
  const settings = [
    metadata.f_number && `ƒ/${metadata.f_number}`,
    metadata.exposure_s && exposure(metadata.exposure_s),
    metadata.focal_length_mm && `${Math.round(metadata.focal_length_mm)} mm`,
    metadata.iso && `ISO ${metadata.iso}`,
  ].filter(Boolean);
  const similar = searchPath("", { like: file.id });
  const related = (file.related_files ?? []).filter(({ id }) => id !== file.id);
  return html`
    <${Description} file=${file} />
    <${Captions} key=${file.id} file=${file} onPage=${people.onPerson} />
    <${Rating} file=${file} />
    <${PeopleChips} file=${file} ...${people} />
    <${Tags} key=${tagsKey(file)} file=${file} onPage=${people.onPerson} />
    <div class="info-similar"><a class="button is-small" href=${similar} onClick=${(event) => (event.preventDefault(), event.stopPropagation(), people.onPerson(similar))}><${Icon} name="scan-search" size=${16} />Similar photos</a></div>
    <dl class="facts">
      ${local && html`<${Fact} icon="calendar" title=${dayFull(local)}>${timeOfDay(local)} ${zoneName(file.utc_offset_min)}${DATE_SOURCES[metadata.date_source] ?? ""}<//>`}
      ${place?.length > 0 && html`<${Fact} icon="map-pin" title=${place[0]}>${place.slice(1).join(", ")}<//>`}
      ${file.latitude !== null && file.latitude !== undefined && html`<${Coordinates} file=${file} icon=${place?.length ? "" : "map-pin"} />`}
      ${(camera || settings.length > 0) && html`<${Fact} icon="aperture" title=${camera || "Camera unknown"}>${settings.join(" · ")}${metadata.lens ? html`<br />${metadata.lens}` : ""}<//>`}
      <${Fact} icon="file-image" title=${file.filename}>
        ${[file.width && `${file.width} × ${file.height}`, megapixels, size(file.size_bytes), file.duration_s && clock(file.duration_s), file.adjusted && "adjusted"].filter(Boolean).join(" · ")}
      <//>
      ${paths(file).map((path) => html`<${Fact} icon="folder" title="" key=${path}><span class="fact-path">${path}</span><//>`)}
      ${related.length > 0 && html`<${Fact} icon="copy" title="Belongs together with">${related.map(({ filename, role }) => html`<span class="fact-line">${filename} (${ROLES[role] ?? role})</span>`)}<//>`}
    </dl>
    <${History} key=${`${file.id} history`} file=${file} />
  `;
}

/** Changes when the server's tags do. @param {any} file */
const tagsKey = (file) => (file.tags ?? []).map(({ name, source }) => `${source}:${name}`).join();

const DATE_SOURCES = { file: " · from the file's own date", filename: " · from the file name", sidecar: " · from the sidecar" };
const ROLES = { live_video: "moving part", raw_of: "raw", edit_of: "edited", burst: "same burst", sidecar_of: "sidecar" };

/** @param {any} metadata */
function cameraName({ camera_make: make = "", camera_model: model = "" }) {
  const short = (make || "").split(" ")[0];
  return model?.toLowerCase().startsWith(short.toLowerCase()) ? model : [make, model].filter(Boolean).join(" ");
}

/** @param {any} file */
const paths = (file) => (file.paths?.length ? file.paths.map((path) => (typeof path === "string" ? path : path.path)) : [file.content]).filter(Boolean).slice(0, 6);

function Fact({ icon, title, children }) {
  return html`<div class="fact"><dt>${icon && html`<${Icon} name=${icon} />`}</dt><dd>${title && html`<strong>${title}</strong>`}${children && html`<span>${children}</span>`}</dd></div>`;
}

function Coordinates({ file, icon }) {
  const text = `${file.latitude.toFixed(5)}, ${file.longitude.toFixed(5)}`;
  const copy = async () => {
    try {
      await navigator.clipboard.writeText(text);
      toast("Coordinates copied.");
    } catch {
      toast(text); // no clipboard without https: shown large enough to copy by hand
    }
  };
  const height = file.altitude !== null && file.altitude !== undefined ? ` · ${Math.round(file.altitude)} m` : "";
  return html`<div class="fact"><dt>${icon && html`<${Icon} name=${icon} />`}</dt><dd><button class="fact-copy" type="button" onClick=${copy} title="Copy coordinates">${text}</button><span>${height}</span></dd></div>`;
}

function Description({ file }) {
  const [text, setText] = useState(file.description ?? "");
  const save = async () => {
    if (text.trim() === (file.description ?? "")) return;
    try {
      Object.assign(file, await changeFile(file.id, { description: text.trim() }));
      toast("Description saved.");
    } catch (error) {
      toastError(error);
    }
  };
  return html`<textarea class="info-text" rows="1" aria-label="Description" placeholder="Add a description" value=${text} onInput=${(event) => setText(event.target.value)} onBlur=${save} onKeyDown=${(event) => event.key !== "Escape" && event.stopPropagation()}></textarea>`;
}

function Rating({ file }) {
  const [rating, setRating] = useState(Math.max(0, file.rating ?? 0));
  useEffect(() => setRating(Math.max(0, file.rating ?? 0)), [file]);
  const rate = async (value) => {
    const old = rating;
    setRating(value);
    try {
      Object.assign(file, await changeFile(file.id, { rating: value }));
    } catch (error) {
      setRating(old);
      toastError(error);
    }
  };
  return html`<div class="stars" role="radiogroup" aria-label="Rating">
    ${[1, 2, 3, 4, 5].map(
      (value) => html`<button type="button" role="radio" key=${value} aria-checked=${String(rating === value)} aria-label=${`${value} of 5`} class=${value <= rating ? "is-on" : ""} onClick=${() => rate(value === rating ? 0 : value)}>
        <${Icon} name="star" size=${20} />
      </button>`,
    )}
  </div>`;
}

