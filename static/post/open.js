/**
 * «Read on»: opens a long post in place, and folds it. What is above a post stays where it is, and a folded post is in
 * view. The link leads to the post's own page without this script, in another tab, and after a failure.
 */

import { announce } from '../reading/announce.js';
import { say } from '../reading/words.js';
import { barBottom } from '../timeline/scroll.js';
import { served } from './images.js';
import { itemOf } from './items.js';
import { patchPost, renderPost } from './post.js';

/** @typedef {import('./post.js').Item} Item */

/** The parts of a whole post that a brief one does not have. */
const WHOLE = ['.lead-picture', '.content', '.shortened'].map((part) => `:scope > ${part}`).join();

/** Milliseconds after which the reader is told that a post is being fetched. */
const LOADING_DELAY = 150;

/** Pixels between the bar and a post that was folded. */
const MARGIN = 24;

/** @param {Element} article */
export const isOpen = (article) => article.classList.contains('open');

/**
 * Opens and folds the posts of a list by link, Enter and Escape.
 *
 * @param {HTMLElement} list
 * @param {string} blog
 */
export function followOpening(list, blog) {
  markFoldable(list);
  // Posts that arrive are made of this pattern.
  const pattern = document.getElementById('post');
  if (pattern instanceof HTMLTemplateElement) markFoldable(pattern.content);
  list.addEventListener('click', (event) => {
    const link = /** @type {Element} */ (event.target).closest('.read-on');
    const article = /** @type {HTMLElement | null | undefined} */ (link?.closest('.entry'));
    if (!article || isFailed(article) || event.button !== 0 || hasModifier(event)) return;
    event.preventDefault();
    // A press of Enter is a click without a pointer.
    void toggle(article, blog, event.detail === 0);
  });
  list.addEventListener('keydown', (event) => {
    const article = /** @type {HTMLElement} */ (event.target);
    if (event.key === 'Enter' && article.matches('.entry') && !hasModifier(event)) void toggle(article, blog);
  });
  // Before others close what is open above the posts.
  addEventListener('keydown', ({ key }) => {
    if (key !== 'Escape' || document.querySelector('dialog[open], details[open]:not(.content *)')) return;
    const article = openInView(list);
    if (article) fold(article);
  }, true);
}

/**
 * Tells screen readers that the links of posts open them here.
 *
 * @param {ParentNode} posts
 */
export function markFoldable(posts) {
  for (const link of posts.querySelectorAll('.read-on')) link.setAttribute('aria-expanded', 'false');
}

/** @param {MouseEvent | KeyboardEvent} event */
function hasModifier({ ctrlKey, metaKey, shiftKey, altKey }) {
  return ctrlKey || metaKey || shiftKey || altKey;
}

/**
 * @param {HTMLElement} article
 * @param {string} blog
 * @param {boolean} [isForText] the focus goes to the text, else to the post
 */
export async function toggle(article, blog, isForText = false) {
  if (isOpen(article)) {
    fold(article);
    return;
  }
  if (!(await open(article, blog))) return;
  const text = isForText ? article.querySelector(':scope > .content') : null;
  /** @type {HTMLElement} */ (text ?? article).focus({ preventScroll: true });
  announce(say('Post opened'));
}

/**
 * @param {HTMLElement} article
 * @param {string} blog
 * @returns {Promise<boolean>} false if there is nothing to open, or it could not be fetched
 */
export async function open(article, blog) {
  if (isOpen(article) || article.hasAttribute('aria-busy') || !article.matches('.brief, .headlines')) return false;
  article.setAttribute('aria-busy', 'true');
  const loading = setTimeout(() => showLoading(article), LOADING_DELAY);
  const item = await itemOf(article, blog).catch(() => undefined);
  clearTimeout(loading);
  article.removeAttribute('aria-busy');
  // It may have been withdrawn meanwhile.
  if (!article.isConnected || !article.matches('.brief, .headlines')) return false;
  if (item) keepTop(article, () => unfold(article, wholeParts(item, blog)));
  else showFailure(article, item === null ? say('This post is no longer here.') : say('The rest could not be loaded.'));
  return Boolean(item);
}

/** @param {HTMLElement} article an open one */
export function fold(article) {
  const line = barBottom() + MARGIN;
  const isInside = article !== document.activeElement && article.contains(document.activeElement);
  keepTop(article, () => {
    for (const part of article.querySelectorAll(WHOLE)) part.remove();
    article.classList.remove('open');
    describe(article, false);
  }, line);
  if (isInside) (linkOf(article) ?? article).focus({ preventScroll: true });
  announce(say('Post closed'));
}

/**
 * Makes an article on the page equal to a fresh one, like `patchPost`. An open post stays open.
 *
 * @param {HTMLElement} article
 * @param {HTMLElement} fresh
 * @param {string} blog
 * @param {Item | null} item of the fresh article; null if it is to be fetched
 */
export function patchOpen(article, fresh, blog, item) {
  const staysOpen = isOpen(article) && fresh.matches('.brief, .headlines');
  if (staysOpen) unfold(fresh, item ? wholeParts(item, blog) : copies(article));
  else article.classList.remove('open');
  patchPost(article, fresh);
  if (staysOpen && !item) void renew(article, blog);
}

/**
 * @param {HTMLElement} article
 * @param {string} blog
 */
async function renew(article, blog) {
  const item = await itemOf(article, blog).catch(() => null);
  if (!item || !isOpen(article)) return;
  const fresh = /** @type {HTMLElement} */ (article.cloneNode(true));
  for (const part of fresh.querySelectorAll(WHOLE)) part.remove();
  unfold(fresh, wholeParts(item, blog));
  patchPost(article, fresh);
}

/**
 * @param {Item} item
 * @param {string} blog
 */
function wholeParts(item, blog) {
  const parts = [...renderPost(item, blog, 'whole').querySelectorAll(WHOLE)];
  for (const part of parts) {
    // The text can have the focus.
    if (part.matches('.content')) part.setAttribute('tabindex', '-1');
  }
  return parts;
}

/** @param {HTMLElement} article */
function copies(article) {
  return [...article.querySelectorAll(WHOLE)].map((part) => /** @type {Element} */ (served(part).cloneNode(true)));
}

/**
 * @param {HTMLElement} article
 * @param {Element[]} parts
 */
function unfold(article, parts) {
  const more = article.querySelector(':scope > .more');
  if (more) more.before(...parts);
  else article.append(...parts);
  article.classList.add('open');
  describe(article, true);
}

/**
 * Writes what the link does now.
 *
 * @param {HTMLElement} article
 * @param {boolean} isUnfolded
 */
function describe(article, isUnfolded) {
  const link = linkOf(article);
  if (!link) return;
  link.parentElement?.querySelector('.failure')?.remove();
  link.dataset.text ??= link.textContent ?? '';
  link.textContent = isUnfolded ? say('Close') : link.dataset.text;
  link.setAttribute('aria-expanded', String(isUnfolded));
}

/** @param {HTMLElement} article */
function showLoading(article) {
  const link = linkOf(article);
  if (!link) return;
  link.dataset.text ??= link.textContent ?? '';
  link.textContent = say('Loading…');
}

/**
 * @param {HTMLElement} article
 * @param {string} sentence
 */
function showFailure(article, sentence) {
  describe(article, false);
  const link = linkOf(article);
  if (link) {
    const failure = document.createElement('span');
    failure.className = 'failure';
    failure.textContent = sentence;
    link.before(failure, ' ');
    link.textContent = say('Open its page');
    link.removeAttribute('aria-expanded');
  }
  announce(sentence);
}

/** @param {HTMLElement} article */
const isFailed = (article) => article.querySelector(':scope > .more > .failure') !== null;

/** @param {HTMLElement} article */
function linkOf(article) {
  return /** @type {HTMLElement | null} */ (article.querySelector(':scope > .more > .read-on'));
}

/**
 * The open post in view that has the focus, else the first one in view.
 *
 * @param {HTMLElement} list
 */
function openInView(list) {
  const all = /** @type {NodeListOf<HTMLElement>} */ (list.querySelectorAll(':scope > .open'));
  const inView = [...all].filter((article) => {
    const { top, bottom } = article.getBoundingClientRect();
    return bottom > barBottom() && top < innerHeight;
  });
  return inView.find((article) => article.contains(document.activeElement)) ?? inView[0];
}

/**
 * Keeps the top of a post where it is, or below a line, while the post changes. The browser's own scroll anchoring
 * would keep what is below the change.
 *
 * @param {HTMLElement} article
 * @param {() => void} change
 * @param {number} [line] in pixels from the window's top
 */
function keepTop(article, change, line = -Infinity) {
  const wanted = Math.max(article.getBoundingClientRect().top, line);
  const { style } = document.documentElement;
  style.setProperty('overflow-anchor', 'none');
  change();
  scrollBy({ top: Math.round(article.getBoundingClientRect().top - wanted), behavior: 'instant' });
  requestAnimationFrame(() => style.removeProperty('overflow-anchor'));
}
