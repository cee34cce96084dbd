/**
 * The attachments of a post: players, links, lengths and sizes. pages/item.py has the same rules, and sends the labels
 * in the page's template.
 *
 * @typedef {import('./post.js').Item} Item
 *
 * @typedef {object} File
 * @property {string} url
 * @property {string} [mime_type]
 * @property {number} [size_in_bytes]
 * @property {number} [duration_in_seconds]
 * @property {string} [title]
 */

/**
 * By type and by medium, in the reader's language: "PDF", "Audio".
 *
 * @type {Map<string, string>}
 */
const LABELS = new Map(Object.entries(JSON.parse(document.getElementById('post')?.dataset.labels ?? '{}')));

const UNITS = ['kB', 'MB', 'GB', 'TB'];

/** @param {Item} item */
export function isPodcast({ attachments = [] }) {
  return attachments.some((file) => medium(file) === 'audio');
}

/**
 * Fills the list of files, or removes it.
 *
 * @param {Element} list with a picture in `.cover`, if any, and an item for each kind of file
 * @param {Item} item
 * @param {boolean} isPictured the post's picture is shown already, and not listed again
 * @param {string} name of the post, for its players
 */
export function fillFiles(list, { attachments = [], image }, isPictured, name) {
  const files = attachments.filter((file) => !(isPictured && medium(file) === 'image' && file.url === image));
  if (files.length === 0) {
    list.remove();
    return;
  }
  const cover = list.querySelector('.cover');
  const items = files.map((file) => listItem(list, file, name));
  list.replaceChildren(...(cover ? [cover] : []), ...items);
}

/**
 * @param {Element} list
 * @param {File} file
 * @param {string} name of the post
 */
function listItem(list, file, name) {
  const kind = medium(file);
  const isPlayed = kind === 'audio' || kind === 'video';
  const pattern = isPlayed ? list.querySelector(kind)?.parentElement : list.lastElementChild;
  const item = /** @type {Element} */ (pattern?.cloneNode(true));
  if (isPlayed) {
    const player = item.querySelector(kind);
    player?.setAttribute('src', file.url);
    player?.setAttribute('aria-label', name);
  }
  const link = /** @type {Element} */ (item.querySelector('a'));
  const label = labelOf(file);
  link.setAttribute('href', file.url);
  const text = file.title ?? label;
  if (text) link.textContent = text;
  const facts = factsOf(file, label !== undefined);
  if (file.title && label) facts.unshift(label);
  const notes = facts.flatMap((fact) => {
    const note = document.createElement('span');
    note.className = 'kind';
    note.textContent = fact;
    return [' ', note];
  });
  item.replaceChildren(...item.querySelectorAll(':scope > :not(.kind)'), ...notes);
  return item;
}

/** @param {File} file */
function medium({ mime_type: type = '' }) {
  return type.includes('/') ? type.slice(0, type.indexOf('/')) : '';
}

/**
 * @param {File} file
 * @returns {string | undefined} undefined for a type without a name of its own
 */
function labelOf(file) {
  const own = medium(file);
  return own ? (LABELS.get(file.mime_type ?? '') ?? LABELS.get(own)) : undefined;
}

/**
 * The kind of a file, in the reader's language: "PDF", "File".
 *
 * @param {File} file
 */
export const kindOf = (file) => labelOf(file) ?? LABELS.get('') ?? '';

/**
 * The playing time, the size, and the type if the label does not name it.
 *
 * @param {File} file
 * @param {boolean} isNamed
 */
function factsOf({ duration_in_seconds: seconds, size_in_bytes: size, mime_type: type }, isNamed) {
  /** @type {string[]} */
  const facts = [];
  if (seconds) facts.push(length(seconds));
  if (size) facts.push(amount(size));
  if (type && !isNamed) facts.push(type);
  return facts;
}

/**
 * "41:07", "1:05:09"
 *
 * @param {number} seconds
 */
export function length(seconds) {
  const rest = padded(seconds % 60);
  const minutes = Math.floor(seconds / 60) % 60;
  const hours = Math.floor(seconds / 3600);
  return hours ? `${hours}:${padded(minutes)}:${rest}` : `${minutes}:${rest}`;
}

/** @param {number} number */
function padded(number) {
  return String(number).padStart(2, '0');
}

/**
 * "48 MB", "1.2 GB": powers of 1,000, rounded, with one decimal below 10.
 *
 * @param {number} size in bytes
 */
export function amount(size) {
  let unit = 0;
  while (size >= 999_500 && unit < UNITS.length - 1) {
    size = Math.floor((size + 500) / 1000);
    unit += 1;
  }
  const tenths = Math.floor((size + 50) / 100);
  const number = tenths < 100 ? `${Math.floor(tenths / 10)}.${tenths % 10}` : Math.floor((size + 500) / 1000);
  return `${number} ${UNITS[unit]}`;
}
