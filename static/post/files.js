/**
 * Files that belong to a post, as they are told of. handlers/files.py and templates/attachments.html do the same:
 * change them together.
 */

import { say } from '../reading/words.js';

/** @typedef {import('./post.js').Item} Item */

/**
 * @typedef {object} File
 * @property {string} url
 * @property {string} [mime_type]
 * @property {number} [size_in_bytes]
 * @property {number} [duration_in_seconds]
 */

/** @type {Record<string, string>} */
const LABELS = { 'application/pdf': 'PDF', 'application/epub+zip': 'EPUB', 'application/zip': 'ZIP' };

/** @type {Record<string, () => string>} */
const MEDIA = { audio: () => say('Audio'), video: () => say('Video'), image: () => say('Picture') };

const UNITS = ['kB', 'MB', 'GB', 'TB'];

/**
 * The files of a post to tell of: not the picture that is shown already, if it is.
 *
 * @param {Item} item
 * @param {boolean} isPictured
 */
export function listed(item, isPictured) {
  const files = item.attachments ?? [];
  return files.filter((file) => !(isPictured && medium(file) === 'image' && file.url === item.image));
}

/** @param {File} file */
export function medium({ mime_type: kind = '' }) {
  return kind.includes('/') ? kind.slice(0, kind.indexOf('/')) : '';
}

/**
 * What a file is called: by what it is. Null where that is not known.
 *
 * @param {File} file
 */
export function label(file) {
  return LABELS[file.mime_type ?? ''] ?? MEDIA[medium(file)]?.() ?? null;
}

/**
 * How long it plays, how large it is, and its type where its label does not say it.
 *
 * @param {File} file
 */
export function facts(file) {
  const { duration_in_seconds: seconds, size_in_bytes: size, mime_type: kind } = file;
  return [seconds && length(seconds), size && amount(size), label(file) === null && kind].filter((fact) => !!fact);
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
 * "48 MB", "1.2 GB": in powers of 1,000, rounded; a digit after the point where there is one before it.
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
