/** The first post of each day carries the date. Where a day begins depends on the reader's time zone. */

import { day } from '../reading/clock.js';

/**
 * Marks the posts that begin a day.
 *
 * @param {Iterable<Element>} articles as they stand on the page
 */
export function startDays(articles) {
  let above = '';
  for (const article of articles) {
    const own = dayOf(article);
    article.classList.toggle('starts-day', own !== above);
    above = own;
  }
}

/** @type {WeakMap<Element, string>} */
const days = new WeakMap();

/** @param {Element} article */
function dayOf(article) {
  let own = days.get(article);
  if (own === undefined) {
    own = day(article.getAttribute('data-position') ?? '');
    days.set(article, own);
  }
  return own;
}
