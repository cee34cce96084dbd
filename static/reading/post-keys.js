/** Keys for the posts of a page: to the next, open, source, link. */

import { toggle } from '../post/open.js';
import { copyLink } from '../post/share.js';
import { currentPost, step } from './keys.js';

/**
 * @param {HTMLElement} list
 * @param {string} blog
 * @returns {Record<string, () => void>} commands by key
 */
export function postKeys(list, blog) {
  /** @type {(command: (article: HTMLElement) => void) => () => void} */
  const onCurrent = (command) => () => {
    const article = currentPost(list);
    if (article) command(article);
  };
  return {
    j: () => step(list, 1),
    k: () => step(list, -1),
    o: onCurrent((article) => void toggle(article, blog)),
    v: onCurrent(visit),
    c: onCurrent((article) => void copyLink(article)),
  };
}

/** @param {HTMLElement} article */
function visit(article) {
  /** @type {HTMLElement | null} */ (article.querySelector(':scope > .headline a, .original'))?.click();
}
