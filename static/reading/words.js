/**
 * The page's sentences in the reader's language. The English sentence is the key, as with gettext; for other languages
 * the server puts the translations into the page (`#words`, JSON: sentence → translation).
 */

/** @type {Record<string, string>} */
const translations = JSON.parse(document.getElementById('words')?.textContent || '{}');

/**
 * Translates a sentence, and fills in its values: "Offline since {time}".
 *
 * @param {string} sentence
 * @param {Record<string, string | number>} [values]
 */
export function say(sentence, values = {}) {
  return (translations[sentence] ?? sentence).replace(/\{(\w+)\}/g, (all, name) => String(values[name] ?? all));
}

/**
 * Translates the singular or the plural of a sentence, and fills in `{n}`: "1 new post", "7 new posts".
 *
 * @param {string} one
 * @param {string} many
 * @param {number} n
 */
export function count(one, many, n) {
  return say(n === 1 ? one : many, { n });
}
