/**
 * The filter of a page, by the rules of pages/filter.py and pages/search.py: sources, tags, and words, which are found
 * without case and accents in title, text, authors, source and tags.
 *
 * @typedef {object} Filter
 * @property {string} query
 * @property {string[]} sources one of which a post has; none is any
 * @property {string[]} tags one of which it has
 */

/** Words up to this length are only found where a word begins: "ai" is not in "said". */
const SHORT_WORD = 3;

const INLINE_TAG =
  /<\/?(?:a|abbr|b|bdi|bdo|cite|code|del|dfn|em|i|ins|kbd|mark|q|s|samp|small|span|strong|sub|sup|u|var|wbr)\b[^>]*>/g;
const TAG = /<[^>]*>/g;

/** The references that the server's sanitiser writes. */
const REFERENCE = /&(amp|lt|gt|quot|nbsp);/g;
const REFERENCES = /** @type {Record<string, string>} */ ({ amp: '&', lt: '<', gt: '>', quot: '"', nbsp: ' ' });

const IGNORED =
  /[\u00ad\u0300-\u036f\u0591-\u05c7\u0610-\u061a\u064b-\u065f\u0670\u200b-\u200f\u202a-\u202e\u2066-\u2069\ufeff]/g;

/** Latin, Greek and Cyrillic: scripts with spaces between words, in which a word has no prefixes such as "the". */
const ONLY_SIMPLE = /^[^\u0530-\uffff]+$/;
const LETTER = /[\p{L}\p{N}]/u;

/**
 * @param {Filter} filter
 * @returns {(item: import('../post/post.js').Item) => boolean} true for posts that match
 */
export function matcherOf({ query, sources, tags }) {
  const words = wordsOf(query);
  return (item) =>
    (sources.length === 0 || sources.includes(item._livelog.source.title)) &&
    (tags.length === 0 || (item.tags ?? []).some((tag) => tags.includes(tag))) &&
    (words.length === 0 || hasAll(words, item));
}

/**
 * The folded words of a query, all of which a post must have.
 *
 * @param {string} query
 */
function wordsOf(query) {
  const words = folded(query).split(/\s+/).map((word) => word.replace(/^"+|"+$/g, ''));
  return [...new Set(words.filter(Boolean))];
}

/**
 * Text without case, accents and differences of width.
 *
 * @param {string} text
 */
export function folded(text) {
  const plain = text.normalize('NFKD').replace(IGNORED, '').toUpperCase().toLowerCase();
  return plain.replace(/ς/g, 'σ').replace(/[‘’]/g, "'").replace(/[“”]/g, '"');
}

/**
 * True if a post has each of the folded words.
 *
 * @param {string[]} words
 * @param {import('../post/post.js').Item} item
 */
function hasAll(words, item) {
  const text = folded(textsOf(item).join('\n'));
  return words.every((word) => has(word, text));
}

/**
 * @param {import('../post/post.js').Item} item
 * @returns {(string | undefined)[]}
 */
function textsOf({ title, _livelog, authors = [], tags = [], summary, content_html: markup = '' }) {
  const text = markup.replace(INLINE_TAG, '').replace(TAG, '\n').replace(REFERENCE, (_, name) => REFERENCES[name] ?? '');
  return [title, _livelog.source.title, ...authors.map(({ name }) => name), ...tags, summary, text];
}

/**
 * @param {string} word
 * @param {string} text
 */
function has(word, text) {
  let at = text.indexOf(word);
  if ([...word].length > SHORT_WORD || !ONLY_SIMPLE.test(word)) return at >= 0;
  while (at > 0 && LETTER.test(text[at - 1] ?? '')) at = text.indexOf(word, at + 1);
  return at >= 0;
}
