/** The text under the reader's eyes stays where it is while posts come and go above it. */

const BROWSER_DOES_IT = CSS.supports('overflow-anchor', 'auto');

/** Scroll positions are whole pixels: by what the last one is off, the next one makes up for. */
let slip = 0;

/**
 * Most browsers hold the place by themselves (scroll anchoring); for the others it is measured around the
 * change: one layout more for any number of posts.
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
  const wanted = topOf(anchor) - slip;
  change();
  if (!anchor.isConnected) return;
  scrollBy({ top: Math.round(topOf(anchor) - wanted), behavior: 'instant' });
  const rest = topOf(anchor) - wanted;
  // More than a pixel is no rounding: the page ends there.
  slip = Math.abs(rest) < 1 ? rest : 0;
}

/** @param {Element} element */
function topOf(element) {
  return element.getBoundingClientRect().top;
}

/** @param {HTMLElement} list */
function firstInView(list) {
  for (const article of list.children) {
    if (article.getBoundingClientRect().bottom > 0) return article;
  }
  return null;
}
