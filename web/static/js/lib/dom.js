/**
 * Create an element with a class, properties and children. Strings become text, never HTML.
 * @param {string} tag
 * @param {Record<string, unknown>} [props] `class`, `on*` listeners, attributes
 * @param {...(Node | string)} children
 * @returns {HTMLElement}
 */
export function el(tag, props = {}, ...children) {
  const node = document.createElement(tag);
  for (const [name, value] of Object.entries(props)) {
    if (value === undefined || value === null || value === false) continue;
    if (name.startsWith("on")) node.addEventListener(name.slice(2), /** @type {EventListener} */ (value));
    else node.setAttribute(name, value === true ? "" : String(value));
  }
  node.append(...children);
  return node;
}

/**
 * Say something to screen readers without moving the focus.
 * @param {string} text
 */
export function announce(text) {
  const announcer = document.getElementById("announcer");
  if (announcer) announcer.textContent = text;
}

/**
 * What lies under something that stands over the whole page is not to be reached, or is again. What is told stays heard.
 * @param {boolean} covered @param {Element | null} [over] what stands over it, where that is a part of the page
 */
export function coverPage(covered, over = null) {
  for (const part of document.getElementById("app")?.children ?? []) {
    if (part !== over && !part.querySelector(".toasts")) /** @type {HTMLElement} */ (part).inert = covered;
  }
}

/** @returns {boolean} whether the person asked their system for less movement */
export function prefersReducedMotion() {
  return matchMedia("(prefers-reduced-motion: reduce)").matches;
}

/** How to scroll to somewhere that is near. @returns {ScrollBehavior} */
export const calmly = () => (prefersReducedMotion() ? "instant" : "smooth");

/** @param {Event} event @returns {boolean} whether keys typed now belong to a field, not to a shortcut */
export function isTyping(event) {
  const target = /** @type {HTMLElement} */ (event.target);
  return target?.matches?.("input, textarea, select, [contenteditable]") ?? false;
}

/**
 * Copy text, also where the page came without https and browsers hide their clipboard.
 * @param {string} text
 * @returns {Promise<boolean>} whether it worked
 */
export async function copyText(text) {
  try {
    await navigator.clipboard.writeText(text);
    return true;
  } catch {
    const field = /** @type {HTMLTextAreaElement} */ (el("textarea", { class: "visually-hidden", "aria-hidden": "true" }));
    field.value = text;
    document.body.append(field);
    field.select();
    const done = document.execCommand("copy");
    field.remove();
    return done;
  }
}
