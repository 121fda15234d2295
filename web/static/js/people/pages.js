// The two pages about people, put into the library page.
import { el } from "/static/js/lib/dom.js";
import { setTitle } from "/static/js/lib/house.js";
import { onMessage } from "/static/js/lib/messages.js";
import { html, render } from "/static/js/lib/preact.js";
import { onChange } from "/static/js/people/changes.js";
import { loadPeople } from "/static/js/people/data.js";
import { addGridKeys } from "/static/js/people/keys.js";
import { PeoplePage } from "/static/js/people/people.js";
import { openPersonPage } from "/static/js/people/person.js";

const CALM_MS = 600; // grouping tells of many changes in a row

/**
 * @param {HTMLElement} holder @param {import("../router.js").Route} route
 * @param {{ nameMonth: (timeline: any) => void }} options
 */
export async function openPage(holder, route, { nameMonth }) {
  return route.name === "person" ? openPersonPage(holder, route.id, { nameMonth, hear }) : openPeoplePage(holder);
}

/** Run when anything about people changed, here or elsewhere. @param {() => void} again @returns {() => void} stops */
function hear(again) {
  let timer = 0;
  const soon = () => {
    clearTimeout(timer);
    timer = setTimeout(again, CALM_MS);
  };
  const stops = [onMessage("PeopleChanged", soon), onMessage("FileChanged", soon), onMessage("reconnected", soon), onChange(again)];
  return () => {
    clearTimeout(timer);
    for (const stop of stops) stop();
  };
}

async function openPeoplePage(holder) {
  const root = el("div", { class: "people" });
  holder.replaceChildren(root);
  setTitle("People");
  const stop = hear(loadPeople);
  const stopKeys = addGridKeys(root);
  render(html`<${PeoplePage} />`, root);
  await loadPeople();
  return {
    destroy() {
      stop();
      stopKeys();
      render(null, root);
      root.remove();
    },
  };
}
