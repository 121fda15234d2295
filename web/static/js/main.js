// First thing that runs: finds out who is asking and shows setup, login, the new-password form or the library.
import { api, request, setSignedOutHandler } from "/static/js/lib/api.js";
import { house } from "/static/js/lib/house.js";
import { disconnectMessages } from "/static/js/lib/messages.js";
import { html, render } from "/static/js/lib/preact.js";
import { forgetPlace, keepPlace, keptPlace, maySession, session } from "/static/js/lib/session.js";
import { Failure } from "/static/js/ui/failure.js";
import { startTheme } from "/static/js/ui/theme.js";

const root = /** @type {HTMLElement} */ (document.getElementById("app"));

async function boot() {
  root.setAttribute("aria-busy", "true");
  try {
    if (location.pathname.startsWith("/s/")) return await (await import("/static/js/link/page.js")).openLink(root);
    const server = await api.get("/server");
    house.set(server.name);
    if (server.setup_required) return await show("setup");
    await enter(maySession() ? await whoAmI() : null);
  } catch (error) {
    render(html`<${Failure} error=${error} onRetry=${boot} />`, root);
  } finally {
    root.removeAttribute("aria-busy");
  }
}

/** The person behind the session cookie, which scripts cannot see; null when there is none any more. */
async function whoAmI() {
  try {
    return await request("/auth/me", { quiet: true });
  } catch (error) {
    if (/** @type {{ status?: number }} */ (error).status === 401) return null;
    throw error;
  }
}

/** Go on with what this user may see now. @param {import("./lib/session.js").User | null} user */
async function enter(user) {
  session.set(user);
  if (!user) return show("login");
  if (user.must_change_password) return show("password");
  render(null, root);
  // Before anything looks where it is; the browser refuses what is not of this origin.
  if (/^\/(login|setup)$/.test(location.pathname)) history.replaceState(null, "", keptPlace() || "/");
  forgetPlace();
  const { startApp } = await import("/static/js/app.js");
  return startApp(root);
}

/** @param {"setup" | "login" | "password"} name */
async function show(name) {
  const { AuthPage } = await import("/static/js/auth/page.js");
  if (name === "login" && !/^\/(login|setup)?$/.test(location.pathname)) keepPlace();
  const path = { setup: "/setup", login: "/login", password: null }[name];
  if (path && location.pathname !== path) history.replaceState(null, "", path + location.hash);
  render(html`<${AuthPage} name=${name} onEnter=${enter} />`, root);
}

setSignedOutHandler(() => {
  if (!session.get()) return;
  keepPlace();
  disconnectMessages();
  // A whole reload empties the memory of what the last person saw.
  location.assign("/login");
});

startTheme();
boot();
