// One person: who they are, their photos by time, and every face of theirs to sort out.
import { api } from "/static/js/lib/api.js";
import { el } from "/static/js/lib/dom.js";
import { setTitle } from "/static/js/lib/house.js";
import { html, render } from "/static/js/lib/preact.js";
import { openPhoto } from "/static/js/open.js";
import { Faces } from "/static/js/people/faces.js";
import { PersonHead } from "/static/js/people/head.js";
import { Asked } from "/static/js/people/asked.js";
import { createTimeline } from "/static/js/timeline/timeline.js";
import { Failure } from "/static/js/ui/failure.js";
import { nameOr } from "/static/js/people/changes.js";
import { go } from "/static/js/router.js";

/**
 * @param {HTMLElement} holder @param {string} id
 * @param {{ nameMonth: (timeline: any) => void, hear: (again: () => void) => () => void }} options
 */
export async function openPersonPage(holder, id, { nameMonth, hear }) {
  const head = el("div", { class: "person-top" });
  const facesRoot = el("div", { class: "person-faces", hidden: true });
  const timeline = createTimeline({ onOpen: (file) => openPhoto(timeline, file), person: id });
  const root = el("div", { class: "person" }, head, facesRoot, timeline.root);
  holder.replaceChildren(root, timeline.rail);
  timeline.view.addEventListener("moved", () => nameMonth(timeline));
  const sized = new ResizeObserver(() => timeline.view.measure());
  sized.observe(head);
  /** @type {"photos" | "faces"} */
  let tab = "photos";
  /** @type {import("./changes.js").Person | null} */
  let person = null;

  const setTab = (/** @type {"photos" | "faces"} */ next) => {
    tab = next;
    draw();
    timeline.show(tab === "photos");
  };
  function draw() {
    if (!person) return;
    setTitle(nameOr(person, "Somebody"));
    facesRoot.hidden = tab !== "faces";
    render(html`<${PersonHead} person=${person} photos=${timeline.months.total} tab=${tab} onTab=${setTab} /><${Asked} person=${person} />`, head);
    render(tab === "faces" ? html`<${Faces} key=${person.id} person=${person} />` : null, facesRoot);
  }
  async function load() {
    try {
      person = await api.get(`/people/${encodeURIComponent(id)}`);
      draw();
    } catch (error) {
      timeline.root.hidden = true;
      render(html`<${Failure} error=${error} onRetry=${() => go("/people")} retry="All people" />`, head);
    }
  }
  const stop = hear(() => {
    load();
    timeline.refreshAll();
  });
  timeline.view.addEventListener("refreshed", draw);
  await Promise.all([load(), timeline.start().catch(() => null)]); // a person who is not there is said above
  draw();
  timeline.view.measure();
  return {
    timeline,
    destroy() {
      stop();
      sized.disconnect();
      timeline.destroy();
      render(null, head);
      render(null, facesRoot);
      root.remove();
    },
  };
}
