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
 * @param {boolean} [isAtEdge] whether the place is to be held at the page's very top as well, where no browser does
 */
export function keepPlace(list, change, isAtEdge = false) {
  const isHeld = scrollY === 0 ? !isAtEdge : BROWSER_DOES_IT;
  const anchor = isHeld ? null : firstInView(list);
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

/**
 * The first part of the list of which something is below the given line, in pixels from the window's top.
 *
 * @param {HTMLElement} list
 * @param {number} [line]
 */
export function firstInView(list, line = 0) {
  const parts = list.children;
  let low = 0;
  let high = parts.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    if (/** @type {Element} */ (parts[middle]).getBoundingClientRect().bottom > line) high = middle;
    else low = middle + 1;
  }
  return parts[low] ?? null;
}

/** @param {Element} element */
function topOf(element) {
  return element.getBoundingClientRect().top;
}
