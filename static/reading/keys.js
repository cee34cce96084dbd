/** The keyboard: single keys as commands, steps from post to post, and a focus that survives changes of the page. */

import { barBottom, firstInView } from '../timeline/scroll.js';

/** Pixels above the bar from which on a post counts as begun. */
const TOLERANCE = 40;

const STOPS = 'a, button, summary, audio, video';

/**
 * @param {Record<string, () => void>} commands by key
 * @param {() => boolean} isOn
 */
export function listenToKeys(commands, isOn) {
  addEventListener('keydown', (event) => {
    const command = commands[event.key];
    if (!command || event.defaultPrevented || hasModifier(event) || isTyping(event.target) || !isOn()) return;
    event.preventDefault();
    command();
  });
}

/** @param {KeyboardEvent} event */
function hasModifier(event) {
  // Not Shift: some keyboards need it for "?".
  return event.ctrlKey || event.metaKey || event.altKey || event.isComposing;
}

/** @param {EventTarget | null} target */
function isTyping(target) {
  if (!(target instanceof HTMLElement)) return false;
  return target.isContentEditable || target.closest('input, textarea, select, dialog') !== null;
}

/**
 * Goes to the next post, or to the one before: from the focused post if it is in view, else from the one that is read.
 *
 * @param {HTMLElement} list
 * @param {1 | -1} direction
 */
export function step(list, direction) {
  const from = focusedPost(list);
  const target = from ? neighbour(from, direction) : nearest(list, direction);
  if (target) goTo(target);
}

/**
 * The focused post if it is in view, else the one that is read.
 *
 * @param {HTMLElement} list
 * @returns {HTMLElement | null}
 */
export function currentPost(list) {
  const first = firstInView(list, barBottom() + TOLERANCE);
  return focusedPost(list) ?? /** @type {HTMLElement | null} */ (first && (first.localName === 'article' ? first : neighbour(first, 1)));
}

/** @param {HTMLElement} list */
function focusedPost(list) {
  const focused = document.activeElement?.closest('.entry');
  return focused && list.contains(focused) && isInView(focused) ? /** @type {HTMLElement} */ (focused) : null;
}

/**
 * Scrolls to a post, and focuses it.
 *
 * @param {HTMLElement} article
 */
export function goTo(article) {
  article.focus({ preventScroll: true });
  article.scrollIntoView({ block: 'start', behavior: 'instant' });
}

/**
 * Keeps the focus in its article while the page changes: on the same control if that is still there.
 *
 * @param {HTMLElement} list
 * @param {() => void} change
 */
export function keepFocus(list, change) {
  const focused = document.activeElement;
  const article = focused instanceof HTMLElement && list.contains(focused) ? focused.closest('article') : null;
  if (!(focused instanceof HTMLElement) || !article) {
    change();
    return;
  }
  const part = focused.closest('article > *')?.className;
  const index = part === undefined ? -1 : stops(article, part).indexOf(focused);
  const beside = article.nextElementSibling ?? article.previousElementSibling;
  change();
  if (focused.isConnected) return;
  const stop = part === undefined ? undefined : stops(article, part)[index];
  const next = article.isConnected ? (stop ?? article) : beside;
  if (next instanceof HTMLElement) next.focus({ preventScroll: true });
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
  const first = firstInView(list, barBottom());
  if (!first) return null;
  const article = first.localName === 'article' ? first : neighbour(first, 1);
  const isBegun = article && article.getBoundingClientRect().top < barBottom() - TOLERANCE;
  if (direction > 0) return isBegun ? neighbour(article, 1) : /** @type {HTMLElement | null} */ (article);
  return isBegun || !article ? /** @type {HTMLElement | null} */ (article) : neighbour(article, -1);
}

/** @param {Element} element */
function isInView(element) {
  const { top, bottom } = element.getBoundingClientRect();
  return bottom > 0 && top < innerHeight;
}

/**
 * @param {Element} article
 * @param {string} part
 * @returns {HTMLElement[]}
 */
function stops(article, part) {
  const own = [...article.children].filter(({ className }) => className === part);
  return own.flatMap((element) => [
    ...(element.matches(STOPS) ? [/** @type {HTMLElement} */ (element)] : []),
    .../** @type {NodeListOf<HTMLElement>} */ (element.querySelectorAll(STOPS)),
  ]);
}
