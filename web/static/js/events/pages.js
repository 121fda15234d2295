// Events: all of them as cards, and one with its photos.
import { api, fileUrl } from "/static/js/lib/api.js";
import { el } from "/static/js/lib/dom.js";
import { count, plural } from "/static/js/lib/format.js";
import { setTitle } from "/static/js/lib/house.js";
import { Icon } from "/static/js/lib/icon.js";
import { onMessage } from "/static/js/lib/messages.js";
import { html, render, useState } from "/static/js/lib/preact.js";
import { createStore, useStore } from "/static/js/lib/store.js";
import { Field, Form } from "/static/js/auth/form.js";
import { askPoint, dismiss } from "/static/js/events/point.js";
import { openPhoto } from "/static/js/open.js";
import { go } from "/static/js/router.js";
import { createTimeline } from "/static/js/timeline/timeline.js";
import { showDialog } from "/static/js/ui/dialog.js";
import { askLink } from "/static/js/sharing/form.js";
import { Failure } from "/static/js/ui/failure.js";
import { toast, toastError } from "/static/js/ui/toast.js";

const PAGE = 60;
/** @typedef {{ id: string, name: string, title: string, place: string, start: string, end: string, count: number, cover: string, by_hand: boolean, point: { moment: string, location: number[] | null } | null }} Event */

/** @param {HTMLElement} holder @param {import("../router.js").Route} route @param {{ nameMonth: (timeline: any) => void }} options */
export const openPage = (holder, route, options) => (route.name === "event" ? openEvent(holder, route.id, options) : openEvents(holder));

async function openEvents(holder) {
  const root = el("div", { class: "events-page" });
  holder.replaceChildren(root);
  setTitle("Events");
  const page = createStore({ items: /** @type {Event[]} */ ([]), total: 0, next: /** @type {string | null} */ (null) });
  const load = async () => page.set(await api.get(`/events?limit=${PAGE}`));
  const more = async () => {
    const old = page.get();
    const next = await api.get(`/events?limit=${PAGE}&cursor=${encodeURIComponent(old.next ?? "")}`).catch(toastError);
    if (next) page.set({ ...next, items: [...old.items, ...next.items] });
  };
  try {
    await load();
    render(html`<${Events} page=${page} load=${load} more=${more} />`, root);
  } catch (error) {
    render(html`<${Failure} error=${error} onRetry=${() => openEvents(holder)} />`, root);
  }
  const stop = onMessage("JobProgress", (job) => job.name === "group_events" && job.status === "idle" && page.get().items.length <= PAGE && load().catch(() => null)); // what was shown stays
  return {
    destroy() {
      stop();
      render(null, root);
      root.remove();
    },
  };
}

/** A change of events, said with the way back. @param {string} words @param {() => Promise<any>} run @param {() => unknown} again */
async function change(words, run, again) {
  try {
    const answer = await run();
    await again();
    const back = async () => {
      await api.post(`/journal/${answer.undo}/undo`);
      toast("As it was before.");
      await again();
    };
    toast(words, answer.undo && { action: { label: "Undo", run: () => back().catch(toastError) } });
    return answer;
  } catch (error) {
    toastError(/** @type {any} */ (error));
    return null;
  }
}

function Events({ page, load, more }) {
  const { items, total, next } = useStore(page);
  const [chosen, setChosen] = useState(/** @type {string[] | null} */ (null));
  if (!total) {
    return html`<div class="notice-page">
      <span class="notice-mark"><${Icon} name="calendar-range" size=${32} /></span>
      <h1>No events yet</h1>
      <p>Days out and trips are found by themselves, from when and where photos were taken. You can also choose photos and make them an event, or say when one was.</p>
      <div class="notice-actions"><button class="button" type="button" onClick=${askPoint}><${Icon} name="plus" size=${18} />New event</button></div>
    </div>`;
  }
  const toggle = (/** @type {string} */ id) => setChosen(chosen?.includes(id) ? chosen.filter((one) => one !== id) : [...(chosen ?? []), id]);
  const merge = async () => {
    const [into, ...events] = chosen ?? [];
    if (await change(`${plural(events.length + 1, "event")} are one now.`, () => api.post("/events/merge", { into, events }), load)) setChosen(null);
  };
  return html`
    <header class="people-head trash-head">
      <h1>Events</h1>
      <span class="people-total">${chosen ? `${chosen.length} chosen` : plural(total, "event")}</span>
      <div class="trash-actions">
        ${chosen
          ? html`<button class="button" type="button" onClick=${() => setChosen(null)}>Cancel</button><button class="button is-primary" type="button" disabled=${chosen.length < 2} onClick=${merge}><${Icon} name="merge" size=${18} />Merge</button>`
          : html`<button class="button" type="button" onClick=${() => setChosen([])}><${Icon} name="merge" size=${18} />Merge</button><button class="button is-primary" type="button" onClick=${askPoint}><${Icon} name="plus" size=${18} />New event</button>`}
      </div>
    </header>
    <ul class="events-grid">
      ${items.map((event) => html`<li key=${event.id}><${Card} event=${event} chosen=${chosen} onToggle=${toggle} /></li>`)}
    </ul>
    ${next && html`<div class="people-more"><button class="button" type="button" onClick=${more}>Show more (${count(total - items.length)})</button></div>`}
  `;
}

function Card({ event, chosen, onToggle }) {
  const content = html`<img src=${fileUrl(event.cover, "preview", "standin")} alt="" loading="lazy" decoding="async" />
    <span class="event-words"><strong>${event.title}</strong><span>${plural(event.count, "photo")}</span></span>`;
  if (!chosen) return html`<a class="event-card" href=${`/events/${event.id}`}>${content}</a>`;
  const on = chosen.includes(event.id);
  return html`<button type="button" class=${`event-card ${on ? "is-chosen" : ""}`} aria-pressed=${String(on)} onClick=${() => onToggle(event.id)}>${content}</button>`;
}

/** One event: its photos by month and day, as on the timeline, however many they are. */
async function openEvent(holder, id, { nameMonth }) {
  const head = el("div");
  const timeline = createTimeline({ onOpen: (file) => openPhoto(timeline, file), event: id });
  const root = el("div", { class: "events-page is-one" }, head, timeline.root);
  holder.replaceChildren(root, timeline.rail);
  const path = `/events/${encodeURIComponent(id)}`;
  const sized = new ResizeObserver(() => timeline.view.measure());
  sized.observe(head);
  const load = async () => {
    const event = await api.get(path);
    setTitle(event.title);
    render(html`<${EventHead} event=${event} load=${load} />`, head);
  };
  timeline.view.addEventListener("moved", () => nameMonth(timeline));
  timeline.view.addEventListener("refreshed", () => load().catch(() => null)); // its last photo may have gone: what was shown stays
  try {
    await load();
    await timeline.start();
  } catch (error) {
    timeline.root.hidden = true;
    render(html`<${Failure} error=${error} onRetry=${() => go("/events")} retry="All events" />`, head);
  }
  timeline.view.measure();
  return {
    timeline,
    destroy() {
      sized.disconnect();
      timeline.destroy();
      render(null, head);
      root.remove();
    },
  };
}

function EventHead({ event, load }) {
  const rename = () => {
    const send = async (/** @type {Record<string, string>} */ { name }) => {
      if (await change(`It is called “${name.trim()}” now.`, () => api.patch(`/events/${event.id}`, { name }), load)) close();
    };
    const close = showDialog("Name of the event", html`<${Form} action="Save" onSend=${send}><${Field} label="Name" name="name" value=${event.name || event.place} autofocus /><//>`);
  };
  return html`<header class="people-head trash-head">
    <a class="icon-button" href="/events" aria-label="All events"><${Icon} name="arrow-left" /></a>
    <h1>${event.title}</h1>
    <span class="people-total">${plural(event.count, "photo")}</span>
    <div class="trash-actions"><button class="button" type="button" onClick=${() => askLink({ event: event.id, name: event.name || "Photos" })}><${Icon} name="globe" size=${18} />Link</button><button class="button" type="button" onClick=${rename}><${Icon} name="pencil" size=${18} />${event.name ? "Rename" : "Name"}</button><button class="button" type="button" title="What belongs together by time is none; it is not found again" onClick=${() => dismiss(event)}><${Icon} name="x" size=${18} />No event</button></div>
  </header>`;
}
