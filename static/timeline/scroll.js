/** The scroll position while posts come and go: the text in view does not move, and arriving posts slide in. */

/** False in Safari, as of version 18. */
const HAS_SCROLL_ANCHORING = CSS.supports('overflow-anchor', 'auto');

/** Milliseconds. */
const SLIDE_DURATION = 450;

/** Posts above whose heights are measured; of more, rendered all at once, a frame would be late. */
const MAX_RENDERED = 5;

/** Rounding error of the last correction in pixels, made up for by the next: scroll positions are whole pixels. */
let rounding = 0;

/** @type {Animation | null} */
let slide = null;

/**
 * Keeps the text in view at its position while posts change above it. If the browser has no scroll anchoring, this
 * costs one more layout for any number of posts.
 *
 * @param {HTMLElement} list
 * @param {() => void} change
 * @param {boolean} [isAlsoAtTop] at the very top of the page, too, where no browser anchors
 */
export function keepScroll(list, change, isAlsoAtTop = false) {
  const isAnchored = scrollY === 0 ? !isAlsoAtTop : HAS_SCROLL_ANCHORING;
  const anchor = isAnchored ? null : firstInView(list);
  if (!anchor) {
    change();
    return;
  }
  const wanted = topOf(anchor) - rounding;
  change();
  if (!anchor.isConnected) return;
  scrollBy({ top: Math.round(topOf(anchor) - wanted), behavior: 'instant' });
  const rest = topOf(anchor) - wanted;
  // A rest of a pixel or more is not rounding: the page ends there.
  rounding = Math.abs(rest) < 1 ? rest : 0;
}

/**
 * Keeps the height of an article that shrinks in view until it is out of view, so that the posts below it do not move.
 *
 * @param {HTMLElement} article
 * @param {() => void} change
 */
export function keepHeight(article, change) {
  const { top, bottom, height } = article.getBoundingClientRect();
  change();
  if (bottom <= 0 || top >= innerHeight || height === 0) return;
  article.style.minBlockSize = `${height}px`;
  shrunk.observe(article);
}

const shrunk = new IntersectionObserver((seen) => {
  for (const { isIntersecting, target } of seen) {
    if (isIntersecting) continue;
    shrunk.unobserve(target);
    /** @type {HTMLElement} */ (target).style.minBlockSize = '';
  }
});

/**
 * Slides the list down when posts arrive at its top.
 *
 * @param {HTMLElement} list
 * @param {() => void} change
 */
export function slideIn(list, change) {
  const first = list.querySelector(':scope > article');
  // During a slide there is no time to measure.
  if (!first || slide?.playState === 'running') {
    change();
    return;
  }
  const before = topOf(first);
  change();
  if (!first.isConnected || matchMedia('(prefers-reduced-motion: reduce)').matches) return;
  const pushed = Math.min(topBelowRendered(first) - before, innerHeight);
  if (pushed < 1) return;
  slide = list.animate([{ transform: `translateY(${-pushed}px)` }, { transform: 'none' }], {
    duration: SLIDE_DURATION,
    easing: 'cubic-bezier(0.2, 0, 0, 1)',
  });
  // Scrolling readers read: their text must not move.
  addEventListener('scroll', () => slide?.finish(), { once: true, passive: true });
}

/**
 * True if posts may slide in: the reader sees the top of the page, and uses nothing that they would move.
 *
 * @param {HTMLElement} list
 */
export function isWatchingTop(list) {
  return !document.hidden && scrollY < 1 && !isInUse(list);
}

/** @param {HTMLElement} list */
function isInUse(list) {
  const selection = getSelection();
  const isSelected = selection?.isCollapsed === false && list.contains(selection.anchorNode);
  const focused = document.activeElement;
  const isFocused = focused instanceof HTMLElement && list.contains(focused) && !focused.matches('article') && isInView(focused);
  const open = list.querySelector(':scope > .open');
  const isReading = open !== null && isInView(open);
  return isSelected || isFocused || isReading || document.querySelector('dialog[open]') !== null;
}

/**
 * The first element of the list that reaches below the given line.
 *
 * @param {HTMLElement} list
 * @param {number} [line] in pixels from the window's top
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

/**
 * The first and the last element of the list in view.
 *
 * @param {HTMLElement} list
 * @returns {[Element, Element] | null}
 */
export function partsInView(list) {
  const first = firstInView(list, barBottom());
  if (!first) return null;
  const below = firstInView(list, innerHeight);
  return [first, below ?? list.lastElementChild ?? first];
}

/** The lower edge of the bar and of the day's line, in pixels from the window's top. */
export function barBottom() {
  const bottomOf = (/** @type {Element | null} */ part) => part?.getBoundingClientRect().bottom ?? 0;
  return Math.max(bottomOf(document.querySelector('.bar')), bottomOf(document.getElementById('day')));
}

/** @param {Element} element */
function isInView(element) {
  const { top, bottom } = element.getBoundingClientRect();
  return bottom > 0 && top < innerHeight;
}

/**
 * The top of an element below posts that have just entered the document. Until the next frame the browser may take
 * them for as high as posts out of view are estimated.
 *
 * @param {Element} element
 */
function topBelowRendered(element) {
  /** @type {HTMLElement[]} */
  const above = [];
  for (let one = element.previousElementSibling; one instanceof HTMLElement; one = one.previousElementSibling) above.push(one);
  if (above.length > MAX_RENDERED) return topOf(element);
  for (const one of above) one.classList.add('rendered');
  const top = topOf(element);
  for (const one of above) one.classList.remove('rendered');
  return top;
}

/** @param {Element} element */
function topOf(element) {
  return element.getBoundingClientRect().top;
}
