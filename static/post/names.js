/**
 * Names of sources as the page shows them, and how much of a post it shows. pages/names.py and pages/item.py compute the
 * same.
 *
 * @typedef {import('./post.js').Item} Item
 * @typedef {'brief' | 'whole' | 'headlines'} Mode
 */

/** @type {Mode[]} */
export const MODES = ['brief', 'whole', 'headlines'];

const MAX_NAME_CHARS = 60;
const MIN_NAME_LETTERS = 2;
const NAMELESS = '•';

const SEPARATOR = / [-|–] /g;
const NOTES = /^release notes from /i;
// Direction marks reach beyond the name, the others are invisible. Joiners stay: Persian and emoji need them.
const INVISIBLE = /[\u00ad\u061c\u180e\u200b\u200e\u200f\u202a-\u202e\u2060-\u206f\ufeff]/g;
const PILE = /(\p{M}{3})\p{M}+/gu;
const LETTER = /[\p{L}\p{N}]/u;
const LETTERS = /[\p{L}\p{N}]/gu;
const VISIBLE = /[\p{L}\p{N}\p{P}\p{S}]/u;
const VERSION = new RegExp(
  '^(?:(?:version|release|ver|rel|v)[ ._-]?[0-9]{1,8}|[0-9]{1,8}\\.[0-9]{1,8})(?:[._][0-9]{1,8}){0,5}'
  + '(?:[-+._]?[a-z0-9]{1,12}(?:[-+._][a-z0-9]{1,12}){0,3}| (?:alpha|beta|rc|preview|lts)(?: ?[0-9]{1,4})?)?$',
  'i',
);

/**
 * A source's title up to the first " - ", " | " or " – " that leaves a name; never blank.
 *
 * @param {string} title
 */
export function shortName(title) {
  let name = clean(title);
  const bare = name.replace(NOTES, '');
  if (isName(bare)) name = bare;
  for (const { index } of name.matchAll(SEPARATOR)) {
    if (isName(name.slice(0, index))) {
      name = name.slice(0, index).trim();
      break;
    }
  }
  const characters = [...name];
  if (characters.length > MAX_NAME_CHARS) name = `${characters.slice(0, MAX_NAME_CHARS - 1).join('').trimEnd()}…`;
  return VISIBLE.test(name) ? name : NAMELESS;
}

/**
 * The first letter or digit of a source's title in upper case, without "The".
 *
 * @param {string} title
 */
export function initialOf(title) {
  const words = shortName(title).split(' ').filter((word) => LETTER.test(word));
  if (words.length > 1 && words[0]?.toLowerCase() === 'the') words.shift();
  return LETTER.exec(words.join(''))?.[0].toUpperCase() ?? NAMELESS;
}

/**
 * Short name of a post's source, and behind it that of the site that the source has it from.
 *
 * @param {Item} item
 */
export function sourceAndSite({ _livelog: { original, source } }) {
  const names = [source, original].flatMap((one) => (one ? [shortName(one.title)] : []));
  return [...new Set(names)].join(' · ');
}

/**
 * The title of a post; the short name of the site that it is from comes before one that is only a version: "v3.9.0".
 *
 * @param {Item} item
 */
export function named({ title = '', _livelog: { original, source } }) {
  return VERSION.test(title) ? `${shortName((original ?? source).title)} ${title}` : title;
}

/**
 * The part of a post that the page shows, by `posts` in config.yaml.
 *
 * @param {Item} item
 * @returns {Mode}
 */
export function modeOf({ _livelog: { preview, source } }) {
  if (document.body.dataset.view === 'list') return 'headlines';
  const { posts = 'auto', feedPosts = '{}' } = document.getElementById('timeline')?.dataset ?? {};
  const chosen = JSON.parse(feedPosts)[source.feed_url] ?? posts;
  if (chosen === 'headlines') return 'headlines';
  return chosen === 'auto' && preview ? 'brief' : 'whole';
}

/**
 * A title without invisible characters and piles of accents, white space folded.
 *
 * @param {string} title
 */
function clean(title) {
  return title.replace(INVISIBLE, '').replace(/\s+/g, ' ').trim().replace(PILE, '$1');
}

/** @param {string} text */
function isName(text) {
  return (text.match(LETTERS)?.length ?? 0) >= MIN_NAME_LETTERS;
}
