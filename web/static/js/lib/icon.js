import { html } from "/static/js/lib/preact.js";

const SPRITE = `/static/vendor/lucide-1.62.0/sprite.svg${new URL(import.meta.url).search}`; // the same version as this module
const SVG = "http://www.w3.org/2000/svg";

/**
 * An icon of the sprite as a Preact element; decoration only, the button around it carries the label.
 * @param {{ name: string, size?: number }} props
 */
export function Icon({ name, size = 20 }) {
  return html`<svg class="icon" width=${size} height=${size} aria-hidden="true"><use href=${`${SPRITE}#${name}`} /></svg>`;
}

/**
 * The same icon as a DOM node, for the parts that do not use Preact.
 * @param {string} name
 * @param {number} [size]
 * @returns {SVGSVGElement}
 */
export function iconNode(name, size = 20) {
  const svg = document.createElementNS(SVG, "svg");
  svg.setAttribute("class", "icon");
  svg.setAttribute("width", String(size));
  svg.setAttribute("height", String(size));
  svg.setAttribute("aria-hidden", "true");
  const use = document.createElementNS(SVG, "use");
  use.setAttribute("href", `${SPRITE}#${name}`);
  svg.append(use);
  return svg;
}

/**
 * The icon as markup, for PhotoSwipe's buttons. `name` is always a literal of this code, never data.
 * @param {string} name
 * @returns {string}
 */
export function iconMarkup(name) {
  return `<svg class="icon" width="22" height="22" aria-hidden="true"><use href="${SPRITE}#${name}"></use></svg>`;
}
