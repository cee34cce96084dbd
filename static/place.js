/** The text under the reader's eyes stays where it is while posts come and go above it. */

const BROWSER_DOES_IT = CSS.supports('overflow-anchor', 'auto');

/**
 * Most browsers hold the place by themselves (scroll anchoring); for the others it is measured around the
 * change: twice for any number of posts.
 *
 * @param {HTMLElement} list
 * @param {() => void} change
 */
export function keepPlace(list, change) {
  const anchor = BROWSER_DOES_IT || scrollY === 0 ? null : firstInView(list);
  if (!anchor) {
    change();
    return;
  }
  const before = anchor.getBoundingClientRect().top;
  change();
  if (anchor.isConnected) scrollBy({ top: anchor.getBoundingClientRect().top - before, behavior: 'instant' });
}

/** @param {HTMLElement} list */
function firstInView(list) {
  for (const article of list.children) {
    if (article.getBoundingClientRect().bottom > 0) return article;
  }
  return null;
}
