/** The button that shares a post: by the device's own sheet where there is one, else its link is copied. */

import { announce } from '../reading/announce.js';
import { say } from '../reading/words.js';

/** Milliseconds for which «Copied» is shown. */
const TOLD = 2_000;

/** @param {HTMLElement} list */
export function followShare(list) {
  list.addEventListener('click', (event) => {
    const button = /** @type {Element} */ (event.target).closest('.share');
    const article = /** @type {HTMLElement | null | undefined} */ (button?.closest('.entry'));
    if (article) void share(article);
  });
}

/** @param {HTMLElement} article */
async function share(article) {
  const url = addressOf(article);
  try {
    if (!navigator.share) throw new TypeError('This browser has no sheet');
    await navigator.share({ title: article.querySelector('.headline')?.textContent ?? document.title, url });
  } catch (error) {
    // The reader closed the sheet.
    if (error instanceof DOMException && error.name === 'AbortError') return;
    await copyLink(article);
  }
}

/** @param {HTMLElement} article */
export async function copyLink(article) {
  const isCopied = await copy(addressOf(article));
  const told = isCopied ? say('Copied') : say('The link could not be copied');
  announce(told);
  const button = /** @type {HTMLElement | null} */ (article.querySelector('.share'));
  if (!button) return;
  button.dataset.told = told;
  setTimeout(() => delete button.dataset.told, TOLD);
}

/** @param {HTMLElement} article */
function addressOf(article) {
  return /** @type {HTMLAnchorElement | null} */ (article.querySelector('a.when'))?.href ?? location.href;
}

/**
 * @param {string} text
 * @returns {Promise<boolean>}
 */
async function copy(text) {
  try {
    await navigator.clipboard.writeText(text);
    return true;
  } catch {
    // Over plain http there is no clipboard, and a browser may refuse it.
    return copySelected(text);
  }
}

/** @param {string} text */
function copySelected(text) {
  const focused = /** @type {HTMLElement | null} */ (document.activeElement);
  const area = document.createElement('textarea');
  area.className = 'unseen';
  area.value = text;
  document.body.append(area);
  area.select();
  const isCopied = document.execCommand('copy');
  area.remove();
  focused?.focus({ preventScroll: true });
  return isCopied;
}
