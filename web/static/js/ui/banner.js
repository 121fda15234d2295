import { Icon } from "/static/js/lib/icon.js";
import { connection, retryMessages } from "/static/js/lib/messages.js";
import { html, useEffect, useState } from "/static/js/lib/preact.js";
import { useStore } from "/static/js/lib/store.js";
import { status } from "/static/js/status.js";

const PATIENCE_MS = 2500; // a short break is repaired before anyone needs to know

/** A lost connection, or what the server says is wrong with itself. */
export function Banner() {
  const { state, since } = useStore(connection);
  const { health } = useStore(status);
  const [lost, setLost] = useState(false);
  const [dismissed, setDismissed] = useState("");
  useEffect(() => {
    if (state !== "lost") {
      setLost(false);
      return undefined;
    }
    const timer = setTimeout(() => setLost(true), Math.max(0, since + PATIENCE_MS - Date.now()));
    return () => clearTimeout(timer);
  }, [state, since]);
  if (lost) {
    return html`
      <div class="banner is-warn is-lost" role="status">
        <${Icon} name="wifi-off" size=${18} />
        <p><strong>Homeroll cannot be reached.</strong> Trying again by itself; photos already seen stay here.</p>
        <button class="button is-small" type="button" onClick=${retryMessages}>Try now</button>
      </div>
    `;
  }
  const reason = health.reasons[0];
  if (health.status === "ok" || !reason || dismissed === reason.message) return null;
  return html`
    <div class=${`banner ${health.status === "failing" ? "is-bad" : "is-warn"}`} role="status">
      <${Icon} name="triangle-alert" size=${18} />
      <p><strong>${reason.message}</strong> ${reason.hint}${health.reasons.length > 1 ? ` (and ${health.reasons.length - 1} more in Activity)` : ""}</p>
      <button class="icon-button" type="button" aria-label="Hide this warning" onClick=${() => setDismissed(reason.message)}><${Icon} name="x" size=${18} /></button>
    </div>
  `;
}
