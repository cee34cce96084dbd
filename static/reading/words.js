/**
 * What the page says, in the reader's language. The English sentence is its own name, as with gettext; for
 * other languages the server puts the translations into the page (`#words`, JSON: sentence → translation).
 */

/** @type {Record<string, string>} */
const translations = JSON.parse(document.getElementById('words')?.textContent || '{}');

/**
 * "Offline since {time}", with its values put in.
 *
 * @param {string} sentence
 * @param {Record<string, string | number>} [values]
 */
export function say(sentence, values = {}) {
  return (translations[sentence] ?? sentence).replace(/\{(\w+)\}/g, (all, name) => String(values[name] ?? all));
}

/**
 * "1 new post", "7 new posts": `{n}` is the number.
 *
 * @param {string} one
 * @param {string} many
 * @param {number} n
 */
export function count(one, many, n) {
  return say(n === 1 ? one : many, { n });
}
