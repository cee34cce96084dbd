/**
 * What stands on the rail between posts, and is none: the line between what was read and what is new, and gaps.
 *
 * @typedef {import('./posts.js').Key} Key
 * @typedef {{key: Key, element: HTMLElement}} Mark it stands right above the post of that key
 */

import { gapSentence } from './notice.js';
import { say } from '../reading/words.js';

/**
 * @param {Key} key of the newest post that was read
 * @returns {Mark}
 */
export function unreadLine(key) {
  const text = document.createElement('span');
  text.textContent = say('New above, read below');
  return { key, element: mark('unread-line', text) };
}

/**
 * @param {Key} key of the newest post below the gap
 * @param {import('../connection/stream.js').Gap} gap
 * @param {Date} from
 * @param {Date} to
 * @param {string} address of the page that goes on where the posts above the gap end
 * @returns {Mark}
 */
export function gapMark(key, gap, from, to, address) {
  const text = document.createElement('span');
  text.textContent = gapSentence(gap, from, to);
  const link = document.createElement('a');
  link.href = address;
  link.textContent = say('Load them');
  const element = mark('gap', text, ' ', link);
  // A feed has nothing but articles that can be followed.
  element.role = 'article';
  return { key, element };
}

/**
 * @param {string} name
 * @param {...(Node | string)} parts
 */
function mark(name, ...parts) {
  const element = document.createElement('div');
  element.className = `mark ${name}`;
  element.append(...parts);
  return element;
}
