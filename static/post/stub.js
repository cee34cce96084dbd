/** What is left of a post that was withdrawn: its place on the rail, and when. */

import { clock, day } from '../reading/clock.js';
import { say } from '../reading/words.js';

/**
 * @param {string} position of the post
 * @param {Date} heard
 * @param {boolean} isLate whether it may have been withdrawn long before that
 * @returns {HTMLElement} an article, to be put in the place of the post's
 */
export function renderStub(position, heard, isLate) {
  const article = document.createElement('article');
  article.dataset.position = position;
  article.append(
    line('p', 'day', time(position, 'day', day(position))),
    line('span', 'when', time(position, 'clock', clock(position))),
    line('p', 'withdrawal', say(isLate ? 'Withdrawn before {time}' : 'Withdrawn {time}', { time: clock(heard) })),
  );
  return article;
}

/**
 * @param {string} name
 * @param {string} className
 * @param {Node | string} content
 */
function line(name, className, content) {
  const element = document.createElement(name);
  element.className = className;
  element.append(content);
  return element;
}

/**
 * @param {string} at
 * @param {string} form
 * @param {string} text
 */
function time(at, form, text) {
  const element = document.createElement('time');
  element.dateTime = at;
  element.dataset.time = form;
  element.textContent = text;
  return element;
}
