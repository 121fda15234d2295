// Arrow keys from person to person; one letter names, marks or hides the one that has the focus.

/** @param {HTMLElement} root @returns {() => void} stops */
export function addGridKeys(root) {
  const key = (/** @type {KeyboardEvent} */ event) => {
    const card = /** @type {HTMLElement} */ (event.target).closest?.(".person-card");
    if (!card || !(/** @type {HTMLElement} */ (event.target).matches(".person-cover")) || event.ctrlKey || event.metaKey || event.altKey) return;
    if (/^[nfhx]$/.test(event.key)) {
      card.dispatchEvent(new CustomEvent("shortcut", { detail: event.key }));
    } else {
      const next = neighbour(root, card, event.key);
      if (!next) return;
      next.querySelector(".person-cover")?.focus();
    }
    event.preventDefault();
    event.stopPropagation();
  };
  root.addEventListener("keydown", key);
  return () => root.removeEventListener("keydown", key);
}

/** @param {HTMLElement} root @param {Element} card @param {string} key @returns {any} */
function neighbour(root, card, key) {
  const cards = [...root.querySelectorAll(".person-card")];
  const at = cards.indexOf(card);
  if (key === "ArrowRight") return cards[at + 1];
  if (key === "ArrowLeft") return cards[at - 1];
  if (key === "Home") return cards[0];
  if (key === "End") return cards.at(-1);
  if (key !== "ArrowDown" && key !== "ArrowUp") return null;
  const here = card.getBoundingClientRect();
  const rows = cards.map((other) => ({ other, box: other.getBoundingClientRect() }));
  const beyond = rows.filter(({ box }) => (key === "ArrowDown" ? box.top > here.top + 4 : box.top < here.top - 4));
  const edge = key === "ArrowDown" ? Math.min(...beyond.map(({ box }) => box.top)) : Math.max(...beyond.map(({ box }) => box.top));
  const row = beyond.filter(({ box }) => Math.abs(box.top - edge) < 4);
  row.sort((a, b) => Math.abs(a.box.left - here.left) - Math.abs(b.box.left - here.left));
  return row[0]?.other;
}
