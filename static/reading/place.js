/**
 * The reader's place on a page that is left and come back to, or loaded again: the posts that are open, and the post in
 * view with its distance to the window's top. It is kept in the history of the browser.
 */

import { open } from '../post/open.js';
import { barBottom, firstInView } from '../timeline/scroll.js';

/**
 * @typedef {object} Place
 * @property {string[]} open ids
 * @property {string} [id] of the post in view; none at the top of the page
 * @property {number} [top]
 */

const MAX_OPEN = 20;

/** Milliseconds until a change is noted: browsers limit how often. */
const NOTE_DELAY = 400;

/**
 * Restores the place, and keeps it from then on.
 *
 * @param {HTMLElement} list
 * @param {string} blog
 */
export async function keepPlace(list, blog) {
  await restore(list, blog);
  /** @type {ReturnType<typeof setTimeout> | undefined} */
  let noting;
  const noteSoon = () => {
    clearTimeout(noting);
    noting = setTimeout(() => note(list), NOTE_DELAY);
  };
  addEventListener('scroll', noteSoon, { passive: true });
  list.addEventListener('click', () => note(list), true);
  addEventListener('pagehide', () => note(list));
  new MutationObserver(noteSoon).observe(list, { subtree: true, attributeFilter: ['class'] });
}

/** @param {HTMLElement} list */
function note(list) {
  const ids = [...list.querySelectorAll(':scope > .open')].map(idOf).slice(0, MAX_OPEN);
  const first = scrollY < 1 ? null : firstPost(list);
  /** @type {Place} */
  const place = { open: ids, ...(first && { id: idOf(first), top: Math.round(first.getBoundingClientRect().top) }) };
  if (JSON.stringify(place) === JSON.stringify(history.state?.place)) return;
  history.replaceState({ ...history.state, place }, '');
}

/**
 * @param {HTMLElement} list
 * @param {string} blog
 */
async function restore(list, blog) {
  const place = /** @type {Place | undefined} */ (history.state?.place);
  if (!place) return;
  const opened = place.open.map((id) => articleOf(list, id)).filter((article) => article !== null);
  const first = place.id === undefined ? null : articleOf(list, place.id);
  // The browser would restore a distance in pixels, of a page with closed posts.
  if (first) history.scrollRestoration = 'manual';
  await Promise.all(opened.map((article) => open(article, blog)));
  if (first && place.top !== undefined) {
    scrollBy({ top: first.getBoundingClientRect().top - place.top, behavior: 'instant' });
    // Posts that come into view are laid out now, and are not as high as was estimated.
    requestAnimationFrame(() => scrollBy({ top: first.getBoundingClientRect().top - (place.top ?? 0), behavior: 'instant' }));
  }
  history.scrollRestoration = 'auto';
}

/** @param {HTMLElement} list */
function firstPost(list) {
  let first = firstInView(list, barBottom());
  while (first && first.localName !== 'article') first = first.nextElementSibling;
  return first;
}

/** @param {Element} article */
const idOf = (article) => article.getAttribute('data-id') ?? '';

/**
 * @param {HTMLElement} list
 * @param {string} id
 */
function articleOf(list, id) {
  const article = document.getElementById(`e-${id}`);
  return article && list.contains(article) ? article : null;
}
