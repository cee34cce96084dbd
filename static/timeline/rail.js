/** The part of the document in which the posts stand. It is made equal to what is wanted with as few moves as it takes. */

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
 * Says of each article of a feed which it is, for whoever can't see where it stands.
 *
 * @param {HTMLElement} article
 * @param {number} place from 1
 * @param {number} all -1 if nobody knows
 */
export function number(article, place, all) {
  write(article, 'tabindex', '-1');
  write(article, 'aria-posinset', String(place));
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
