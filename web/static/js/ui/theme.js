import { createStore } from "/static/js/lib/store.js";

const KEY = "homeroll-theme";
const GROUNDS = { light: "#ffffff", dark: "#101113" };

/** "system", "light" or "dark" */
export const theme = createStore(localStorage.getItem(KEY) ?? "system");

/** Follow the choice and the system. */
export function startTheme() {
  const dark = matchMedia("(prefers-color-scheme: dark)");
  const apply = () => {
    const choice = theme.get();
    if (choice === "system") delete document.documentElement.dataset.theme;
    else document.documentElement.dataset.theme = choice;
    const shown = choice === "system" ? (dark.matches ? "dark" : "light") : choice;
    document.querySelector('meta[name="theme-color"]')?.setAttribute("content", GROUNDS[shown]);
  };
  theme.watch((choice) => {
    if (choice === "system") localStorage.removeItem(KEY);
    else localStorage.setItem(KEY, choice);
    apply();
  });
  dark.addEventListener("change", apply);
  apply();
}
