import { html } from "/static/js/lib/preact.js";

/** The mark: a roof over a roll of two frames. */
export function Logo({ size = 28 }) {
  return html`<svg class="logo" width=${size} height=${size} viewBox="0 0 32 32" aria-hidden="true">
    <path class="logo-roof" d="M16 3 29 13.6V27a2.5 2.5 0 0 1-2.5 2.5h-21A2.5 2.5 0 0 1 3 27V13.6Z" />
    <circle class="logo-sun" cx="21.2" cy="15.4" r="2.3" />
    <path class="logo-hill" d="M6 26.5v-3.2l5.6-6.4 5.2 5.9 2.6-2.7 6.6 6.4Z" />
  </svg>`;
}
