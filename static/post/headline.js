/** The headline of a post: its title, else what there is to name it by. pages/item.py has the same rules. */

import { say } from '../reading/words.js';
import { kindOf } from './files.js';
import { parsePage } from './html.js';
import { imagesMode } from './images.js';
import { named } from './names.js';

/** Characters of HTML that are searched for text, and of the text that is used. */
const MAX_MARKUP_CHARS = 4_000;
const MAX_CHARS = 240;

const PLAYER = /<(?:audio|video)/;

/**
 * @param {import('./post.js').Item} item
 * @param {import('./names.js').Mode} mode
 * @returns {string} empty if the post needs none
 */
export function headlineOf(item, mode) {
  const title = named(item);
  if (title) return title;
  const beginning = excerpt(item);
  const isList = mode === 'headlines';
  if (beginning) return isList ? beginning : '';
  const { content_html: content = '', attachments: [file] = [], image } = item;
  const isPictured = content.includes('<img') || image !== undefined;
  if (!isList && (file || PLAYER.test(content) || (isPictured && imagesMode() !== 'none'))) return '';
  return file ? kindOf(file) : say(isPictured ? 'Picture' : 'Untitled');
}

/** @param {import('./post.js').Item} item */
export function excerpt({ content_html: markup = '', summary = '' }) {
  // Whole characters, as in Python.
  const head = [...markup.slice(0, 2 * MAX_MARKUP_CHARS)].slice(0, MAX_MARKUP_CHARS).join('');
  const text = head && parsePage(head.replace(/<[^>]*>?/g, ' ')).body.textContent;
  const folded = (text?.trim() || summary).trim().replace(/\s+/g, ' ');
  const chars = [...folded];
  if (chars.length <= MAX_CHARS) return folded;
  const kept = chars.slice(0, MAX_CHARS).join('');
  const end = kept.lastIndexOf(' ');
  return `${(end < 0 ? kept : kept.slice(0, end)).trimEnd()}…`;
}
