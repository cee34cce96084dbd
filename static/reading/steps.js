/** From post to post, for who reads by keyboard. */

import { barHeight } from '../timeline/looking.js';
import { firstInView } from '../timeline/scroll.js';

/** A post that begins this far below the bar is still the one that is read. */
const TOLERANCE = 40;

/**
 * Goes to the next post, or the one before: from the one that has the focus, else from the one that is read.
 *
 * @param {HTMLElement} list
 * @param {1 | -1} direction
 */
export function step(list, direction) {
  const held = document.activeElement?.closest('#timeline > article');
  const from = held && list.contains(held) && isInView(held) ? held : null;
  const target = from ? neighbour(from, direction) : nearest(list, direction);
  if (target) goTo(target);
}

/**
 * Puts a post below the bar, and the focus on it.
 *
 * @param {HTMLElement} article
 */
export function goTo(article) {
  article.focus({ preventScroll: true });
  article.scrollIntoView({ block: 'start', behavior: 'instant' });
}

/**
 * @param {Element} article
 * @param {1 | -1} direction
 */
function neighbour(article, direction) {
  const beside = (/** @type {Element} */ { nextElementSibling, previousElementSibling }) =>
    direction > 0 ? nextElementSibling : previousElementSibling;
  let next = beside(article);
  while (next && next.localName !== 'article') next = beside(next);
  return /** @type {HTMLElement | null} */ (next);
}

/**
 * @param {HTMLElement} list
 * @param {1 | -1} direction
 */
function nearest(list, direction) {
  const first = firstInView(list, barHeight());
  if (!first) return null;
  const article = first.localName === 'article' ? first : neighbour(first, 1);
  const isBegun = article && article.getBoundingClientRect().top < barHeight() - TOLERANCE;
  if (direction > 0) return isBegun ? neighbour(article, 1) : /** @type {HTMLElement | null} */ (article);
  return isBegun || !article ? /** @type {HTMLElement | null} */ (article) : neighbour(article, -1);
}

/** @param {Element} element */
function isInView(element) {
  const { top, bottom } = element.getBoundingClientRect();
  return bottom > 0 && top < innerHeight;
}
