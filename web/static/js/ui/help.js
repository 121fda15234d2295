import { html } from "/static/js/lib/preact.js";
import { showDialog } from "/static/js/ui/dialog.js";

const KEYS = [
  ["Timeline", [["← → ↑ ↓", "Move between photos"], ["Enter", "Open"], ["x", "Choose"], ["Shift ← →", "Choose several"], ["Esc", "Choose none"], ["Home / End", "Newest, oldest"], ["a", "Activity"], ["u", "Upload"]]],
  ["Photo", [["← →", "Previous, next"], ["Space", "Play or pause; zoom a photo"], ["f", "Favourite"], ["i", "Information"], ["p", "People on the photo"], ["t", "Text of the picture"], ["e", "Adjust: turn, crop, light"], ["Delete", "Move to trash"], ["Esc", "Back"]]],
  ["People", [["← → ↑ ↓", "Move between people"], ["Enter", "Open"], ["n", "Name"], ["f", "Favourite"], ["h", "Hide"], ["x", "Stranger"]]],
  ["Search", [["/", "Search from anywhere"], ["↑ ↓", "Suggestions"], ["Tab", "Complete"], ["Enter", "Search"], ["Esc", "Close, clear, leave"]]],
  ["Duplicates", [["↑ ↓", "Move between groups"], ["1 – 9", "Choose a photo of the group"], ["b", "Keep what is chosen"], ["o", "Keep all"], ["n", "Not duplicates"], ["z", "Undo"]]],
  ["Map", [["← → ↑ ↓", "Move"], ["+ / -", "Nearer, farther"], ["Space", "Corner of an area"], ["[ / ]", "Shorter, longer distance"], ["Enter", "Show the photos"]]],
  ["Rail of years", [["↑ ↓", "Month by month"], ["Page Up / Down", "Year by year"]]],
];

/** The keys, in a dialog. */
export function showHelp() {
  showDialog(
    "Keyboard",
    html`<div class="help">
      ${KEYS.map(
        ([title, rows]) => html`<section>
          <h3>${title}</h3>
          <dl>${rows.map(([key, what]) => html`<div><dt><kbd>${key}</kbd></dt><dd>${what}</dd></div>`)}</dl>
        </section>`,
      )}
    </div>`,
  );
}
