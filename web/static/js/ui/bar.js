import { html } from "/static/js/lib/preact.js";

/**
 * A progress bar. share: 0..1, or null when the end is not known.
 * @param {{ share: number | null, label: string, tone?: string }} props
 */
export function Bar({ share, label, tone = "" }) {
  const percent = share === null ? 0 : Math.min(100, Math.max(0, share * 100));
  return html`
    <div class=${`bar ${tone && `is-${tone}`} ${share === null ? "is-open" : ""}`} role="progressbar" aria-label=${label} aria-valuemin="0" aria-valuemax="100" aria-valuenow=${share === null ? undefined : Math.round(percent)}>
      <div class="bar-done" style=${{ width: share === null ? "40%" : `${percent}%` }}></div>
    </div>
  `;
}
