// Whether Homeroll answers by https too, where, and how devices learn to trust it.
import { api } from "/static/js/lib/api.js";
import { html, useEffect, useState } from "/static/js/lib/preact.js";
import { ErrorNote } from "/static/js/ui/failure.js";
import { toast, toastError } from "/static/js/ui/toast.js";

/**
 * @typedef {{ on: boolean, given: boolean, port: number | null, plain_port: number, authority: object | null, problem: string, hint: string }} Tls
 */

export function Https() {
  const [state, setState] = useState(/** @type {Tls | null} */ (null));
  const [error, setError] = useState(/** @type {any} */ (null));
  const [turning, setTurning] = useState(false);
  useEffect(() => {
    api.get("/tls").then(setState, setError);
  }, []);
  if (!state) return error ? html`<${ErrorNote} error=${error} />` : html`<div class="panel-wait"><span class="spinner"></span></div>`;

  async function turn() {
    const next = !state.on;
    setTurning(true);
    try {
      const now = await api.post(next ? "/tls/on" : "/tls/off", next ? {} : undefined);
      // This page came by the door that closes: it goes on at the other one.
      if (!next && location.protocol === "https:") location.assign(`http://${location.hostname}:${now.plain_port}/settings`);
      setState(now);
      if (!now.problem) toast(next ? "Homeroll answers by https too." : "Homeroll answers by plain http only.");
    } catch (failure) {
      toastError(failure);
    } finally {
      setTurning(false);
    }
  }

  const address = `https://${location.hostname}${state.port === 443 ? "" : `:${state.port}`}`;
  return html`<div class="setting is-alone">
    <div class="setting-text">
      <span id="https-label">Answer by https too</span>
      <p id="https-help">
        ${state.given
          ? "With the certificate that homeroll.toml names."
          : "So that nobody on the network can listen, with a certificate of Homeroll's own, which each device is told to trust once. Plain http goes on beside it."}
      </p>
      ${state.port && html`<p><a href=${address}>${address}</a></p>`}
      ${state.on && !state.given && html`<p><a href="/trust">How phones and computers are told to trust it</a></p>`}
      ${state.problem && html`<${ErrorNote} error=${{ message: state.problem, hint: state.hint }} />`}
    </div>
    ${!state.given &&
    html`<button class="switch" type="button" role="switch" aria-checked=${String(state.on)} aria-labelledby="https-label" aria-describedby="https-help" disabled=${turning} onClick=${turn}><span></span></button>`}
  </div>`;
}
