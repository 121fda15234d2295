// An earlier content of a file beside that of now.
import { dateShort, size } from "/static/js/lib/format.js";
import { html, useState } from "/static/js/lib/preact.js";
import { showDialog } from "/static/js/ui/dialog.js";

/** @param {any} file @param {{ id: string, size_bytes: number, replaced: string }} version */
export function compareWith(file, version) {
  const at = `/api/v1/files/${encodeURIComponent(file.id)}`;
  const now = file.adjusted ? `${at}/adjustments/before` : file.preview_url; // like with like: both as taken
  showDialog(
    "Before and now",
    html`<div class="compare">
      <${Side} source=${`${at}/versions/${version.id}/content`} words=${`Until ${dateShort(version.replaced)}, ${size(version.size_bytes)}`} />
      <${Side} source=${now} words=${`Now, ${size(file.size_bytes)}`} />
    </div>`,
  );
}

/** @param {{ source: string, words: string }} props */
function Side({ source, words }) {
  const [isBroken, setBroken] = useState(false);
  return html`<figure>
    ${isBroken ? html`<p class="compare-none">This browser cannot show it; “Look” downloads it.</p>` : html`<img src=${source} alt=${words} onError=${() => setBroken(true)} />`}
    <figcaption>${words}</figcaption>
  </figure>`;
}
