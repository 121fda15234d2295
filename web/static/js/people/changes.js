// Everything that can be said of people and faces. Each change answers with what takes it back, offered for a few seconds.
import { api } from "/static/js/lib/api.js";
import { plural } from "/static/js/lib/format.js";
import { html } from "/static/js/lib/preact.js";
import { known, sameName } from "/static/js/people/known.js";
import { showDialog } from "/static/js/ui/dialog.js";
import { toast, toastError } from "/static/js/ui/toast.js";

/**
 * @typedef {{ id: string, name: string, faces: number, hidden: boolean, favourite: boolean, ignored: boolean, private: boolean, birthday: string | null,
 *   cover_face: string | null, cover_chosen: boolean, thumbnail_url: string | null }} Person
 * @typedef {{ id: string, file: string, box: [number, number, number, number], confirmed: boolean, usable: boolean, source: string, thumbnail_url: string,
 *   person: { id: string, name: string, hidden: boolean, ignored: boolean, age_years: number | null, age_months: number | null } | null }} Face
 */

const changes = new EventTarget();

/** Hear of every change made here, and of every undo. @param {() => void} handler @returns {() => void} stops listening */
export function onChange(handler) {
  changes.addEventListener("changed", handler);
  return () => changes.removeEventListener("changed", handler);
}

/**
 * Do it, say it, offer to undo it.
 * @param {() => Promise<any>} run
 * @param {string | ((answer: any) => string)} text
 * @returns {Promise<any>} the answer; null when it could not be done, which was said
 */
export async function change(run, text) {
  let answer;
  try {
    answer = await run();
  } catch (error) {
    toastError(error);
    return null;
  }
  if (answer.undo) {
    toast(typeof text === "string" ? text : text(answer), { action: { label: "Undo", run: () => undo(answer.undo) } });
    changes.dispatchEvent(new Event("changed"));
  }
  return answer;
}

async function undo(entry) {
  try {
    await api.post(`/journal/${entry}/undo`);
    toast("As it was before.");
  } catch (error) {
    toastError(error);
  }
  changes.dispatchEvent(new Event("changed"));
}

const at = (/** @type {string} */ id) => `/people/${encodeURIComponent(id)}`;
/** @param {{ name: string }} person */
export const nameOr = (person, other = "This person") => person.name || other;

/** Set marks of a person. @param {Person} person @param {Record<string, unknown>} marks @param {string} text */
export const mark = (person, marks, text) => change(() => api.patch(at(person.id), marks), text);

/** @param {Person} person */
export const toggleFavourite = (person) =>
  mark(person, { favourite: !person.favourite }, `${nameOr(person)} is ${person.favourite ? "no longer a favourite" : "a favourite now"}.`);
/** @param {Person} person */
export const toggleHidden = (person) => mark(person, { hidden: !person.hidden }, `${nameOr(person)} is ${person.hidden ? "shown again" : "hidden now"}.`);
/** @param {Person} person */
export const toggleStranger = (person) => mark(person, { ignored: !person.ignored }, person.ignored ? `${nameOr(person)} is no stranger.` : "A stranger: not shown among people any more.");

/** These are one person: `other` becomes part of `into`. @param {{ id: string, name: string }} into @param {{ id: string, name: string, faces?: number }} other */
export function merge(into, other) {
  const who = into.name || other.name;
  const photos = other.faces ? plural(other.faces, "photo") : "These";
  return change(() => api.post("/people/merge", { into: into.id, people: [other.id] }), who ? `${photos} added to ${who}.` : "Now one person.");
}

/** Not the same person. @param {Person} one @param {Person} other */
export const keepApart = (one, other) => change(() => api.post("/people/apart", { person: one.id, other: other.id }), "Kept apart. It will not be asked again.");

/**
 * Give a person a name. Where somebody has it already, asks whether the two are one.
 * @param {Person} person @param {string} name @param {Person | null} chosen one of those known
 * @returns {Promise<any>} the answer of the change; null when nothing was changed
 */
export async function namePerson(person, name, chosen = null) {
  const same = chosen ?? known.get().find((other) => other.id !== person.id && sameName(other.name, name));
  if (same && same.id !== person.id) {
    const said = await askWhetherSame(same, person);
    if (said === "same") return merge(same, person);
    if (said !== "other") return null;
  }
  return mark(person, { name }, (person.name && !name ? `${person.name} has no name any more.` : `${name} it is.`));
}

/** @param {Person} one who has the name @param {Person} other @returns {Promise<"same" | "other" | "">} */
function askWhetherSame(one, other) {
  return new Promise((resolve) => {
    let said = /** @type {"same" | "other" | ""} */ ("");
    const say = (/** @type {"same" | "other"} */ word) => () => {
      said = word;
      close();
    };
    const close = showDialog(
      `Is this ${one.name}?`,
      html`<div class="same">
        <div class="same-pair">
          ${[one, other].map(
            (person) => html`<figure key=${person.id}>
              <span class="cover is-large">${person.thumbnail_url && html`<img src=${person.thumbnail_url} alt="" />`}</span>
              <figcaption><strong>${nameOr(person, "No name yet")}</strong><span>${plural(person.faces, "photo")}</span></figcaption>
            </figure>`,
          )}
        </div>
        <p>${one.name} is known already. If this is the same person, their photos come together; you can undo that.</p>
        <div class="same-actions">
          <button class="button" type="button" onClick=${say("other")}>No, another ${one.name}</button>
          <button class="button is-primary" type="button" autofocus onClick=${say("same")}>Yes, the same person</button>
        </div>
      </div>`,
      () => resolve(said),
    );
  });
}

// ------------------------------------------------------------------------------------------------ faces

const faceAt = (/** @type {string} */ id) => `/faces/${encodeURIComponent(id)}`;

/** This face is somebody. @param {Face} face @param {string} name @param {Person | null} chosen */
export const sayWho = (face, name, chosen) =>
  change(() => api.patch(faceAt(face.id), chosen ? { person: chosen.id } : { name }), `This is ${chosen?.name || name || "the same person"}.`);

/** This face is not who it is taken for. @param {Face} face */
export const sayNot = (face) =>
  change(() => api.patch(faceAt(face.id), { not_person: face.person?.id }), `This is not ${nameOr(face.person ?? { name: "" }, "that person")}.`);

/** It is no face at all. @param {Face} face */
export const removeFace = (face) => change(() => api.delete(faceAt(face.id)), "Not a face: it is not marked any more.");

/** A face that was drawn. @param {string} file @param {number[]} box @param {string} name @param {Person | null} chosen */
export const addFace = (file, box, name, chosen) =>
  change(() => api.post("/faces", chosen ? { file, box, person: chosen.id } : { file, box, name }), chosen?.name || name ? `${chosen?.name || name} is on this photo.` : "Face added.");

/** Some faces are not this person. @param {Person} person @param {string[]} faces */
export const rejectFaces = (person, faces) => change(() => api.post(`${at(person.id)}/reject`, { faces }), `${plural(faces.length, "photo")} taken away from ${nameOr(person, "this person")}.`);

/** Some faces are this person. @param {Person} person @param {string[]} faces */
export const confirmFaces = (person, faces) => change(() => api.post(`${at(person.id)}/confirm`, { faces }), `${plural(faces.length, "photo")} added to ${nameOr(person, "this person")}.`);

/** Some faces of this person are somebody else. @param {Person} person @param {string[]} faces @param {string} name @param {Person | null} chosen */
export function moveFaces(person, faces, name, chosen) {
  const same = chosen ?? known.get().find((other) => other.id !== person.id && sameName(other.name, name));
  if (same) return confirmFaces(same, faces);
  return change(() => api.post(`${at(person.id)}/split`, { faces, name }), `${plural(faces.length, "photo")} moved to ${name || "a person without a name"}.`);
}
