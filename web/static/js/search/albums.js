// Saved searches: a name for a question, answered anew each time.
import { api } from "/static/js/lib/api.js";
import { Icon } from "/static/js/lib/icon.js";
import { html, useEffect, useState } from "/static/js/lib/preact.js";
import { Field, Form } from "/static/js/auth/form.js";
import { showDialog } from "/static/js/ui/dialog.js";
import { toast, toastError } from "/static/js/ui/toast.js";

/** Keep this search under a name, or give it up again. @param {{ query: string }} props */
export function SaveSearch({ query }) {
  const [album, setAlbum] = useState(/** @type {any} */ (null));
  useEffect(() => {
    let current = true;
    setAlbum(null);
    api.get("/albums").then(
      ({ items }) => current && setAlbum(items.find((/** @type {any} */ item) => item.query === query) ?? null),
      () => null, // without the list it can still be saved
    );
    return () => {
      current = false;
    };
  }, [query]);
  const keep = async (/** @type {string} */ name) => setAlbum(await api.post("/albums", { name, query }));
  const drop = async () => {
    try {
      await api.delete(`/albums/${encodeURIComponent(album.id)}`);
      setAlbum(null);
      toast(`“${album.name}” is no album any more. Its photos stay.`, { action: { label: "Undo", run: () => keep(album.name).catch(toastError) } });
    } catch (error) {
      toastError(/** @type {any} */ (error));
    }
  };
  const label = album ? `Saved as “${album.name}”: remove the album` : "Save as album";
  return html`<button class="icon-button" type="button" aria-pressed=${String(Boolean(album))} aria-label=${label} title=${label} onClick=${() => (album ? drop() : askName(query, keep))}>
    <${Icon} name=${album ? "bookmark" : "bookmark-plus"} />
  </button>`;
}

/** @param {string} query @param {(name: string) => Promise<void>} keep */
function askName(query, keep) {
  const save = async (/** @type {Record<string, string>} */ { name }) => {
    await keep(name.trim());
    close();
    toast(`“${name.trim()}” is an album now. New photos that match come into it by themselves.`);
  };
  const close = showDialog(
    "Save as album",
    html`<${Form} action="Save" onSend=${save}>
      <p class="dialog-lead">The album holds whatever this search finds, today and later: <strong>${query}</strong></p>
      <${Field} label="Name" name="name" value=${suggestedName(query)} autofocus />
    <//>`,
  );
}

/** @param {string} query */
function suggestedName(query) {
  const plain = query.replace(/-?[A-Za-z]+:/g, "").replaceAll('"', "").replace(/\s+/g, " ").trim();
  return plain.charAt(0).toUpperCase() + plain.slice(1);
}
