// The text of a query, cut and put together without understanding it: the server does that.

/** Take one term out. @param {string} query @param {string} term as the server quoted it */
export function without(query, term) {
  query = tidy(plain(query));
  const at = ` ${query} `.indexOf(` ${term} `);
  const start = at >= 0 ? at : query.indexOf(term);
  if (start < 0) return query;
  return tidy(query.slice(0, start) + query.slice(start + term.length));
}

/** Quotes and hyphens as the server reads them, whatever a phone makes of them. @param {string} query */
export const plain = (query) => query.replace(/[“”„«»]/g, '"').replace(/[‐‑‒–—−]/g, "-");

/** @param {string} query */
export const tidy = (query) => query.trim().replace(/\s+/g, " ");

/** As it must be typed to be one value. @param {string} value */
export function quoted(value) {
  const plain = value.replaceAll('"', "");
  return /[\s,|]/.test(plain) || !plain ? `"${plain}"` : plain;
}

/** @param {string} kind @param {string} value */
export const term = (kind, value) => `${kind}:${quoted(value)}`;

// The last word, with its operator and an open quote; what a suggestion's `insert` takes the place of.
const LAST = /-?(?:[A-Za-z]+:)?(?:"[^"]*|[^\s"]*)$/;

/** Put a suggestion in the place of the last word. @param {string} query @param {string} insert */
export function complete(query, insert) {
  const typed = plain(query);
  return typed.slice(0, typed.search(LAST)) + insert;
}
