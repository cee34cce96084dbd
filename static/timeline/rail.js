/** The articles and marks in the document: their order and numbers, and the first post of each day. */

import { day } from '../reading/clock.js';

/** Makes the children of the list equal to the wanted elements, with as few moves as possible. */
export class Rail {
  #list;
  /** @type {Set<Element>} */
  #shown;

  /** @param {HTMLElement} list */
  constructor(list) {
    this.#list = list;
    this.#shown = new Set(list.children);
  }

  /** @param {HTMLElement[]} wanted */
  show(wanted) {
    const kept = new Set(wanted);
    for (const element of this.#shown) {
      if (!kept.has(/** @type {HTMLElement} */ (element))) element.remove();
    }
    let next = this.#list.firstElementChild;
    for (const element of wanted) {
      if (element === next) next = element.nextElementSibling;
      else this.#list.insertBefore(element, next);
    }
    this.#shown = kept;
  }
}

/**
 * Numbers an article of a feed and names it, for screen readers (WAI-ARIA 1.2, feed).
 *
 * @param {HTMLElement} article
 * @param {number} index from 1
 * @param {number} all -1 if unknown
 */
export function number(article, index, all) {
  write(article, 'tabindex', '-1');
  write(article, 'aria-posinset', String(index));
  write(article, 'aria-setsize', String(all));
  const label = ['.headline', '.byline bdi', '.withdrawal'].map((part) => article.querySelector(`:scope > ${part}`)).find(Boolean);
  write(article, 'aria-label', label?.textContent ?? '');
}

/**
 * @param {HTMLElement} article
 * @param {string} name
 * @param {string} value
 */
function write(article, name, value) {
  if (article.getAttribute(name) !== value) article.setAttribute(name, value);
}

/**
 * Marks the first post of each day, which shows the date. The day is that of the reader's time zone.
 *
 * @param {Iterable<Element>} articles in the order of the page
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
