// What the pages of the settings have in common.
import { Icon } from "/static/js/lib/icon.js";
import { html } from "/static/js/lib/preact.js";

const TABS = [
  ["settings", "General"],
  ["models", "Models"],
  ["users", "Users"],
  ["requests", "Requests"],
];

/** @param {{ name: string }} props which of them is shown */
export function SettingsHead({ name }) {
  return html`<header class="settings-head">
    <h1>Settings</h1>
    <nav class="tabs" aria-label="Settings">${TABS.map(([page, title]) => html`<a key=${page} href=${`/${page}`} aria-current=${name === page ? "page" : undefined}>${title}</a>`)}</nav>
  </header>`;
}

/** Instead of a page that is not everybody's. */
export function ForAdmins() {
  return html`<div class="notice-page"><span class="notice-mark"><${Icon} name="lock" size=${32} /></span><h1>Settings are for admins</h1><p>Ask whoever runs Homeroll at home.</p></div>`;
}
