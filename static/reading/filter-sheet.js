/**
 * The filter sheet: the key that opens it, Escape, the box that narrows its lists, and the lists with all sources and
 * tags, which are fetched when the reader asks for them.
 */

import { requestPage } from '../connection/request.js';
import { closeOutside } from './closing.js';
import { showFreshness } from './freshness.js';
import { listenToKeys } from './keys.js';
import { folded } from './search.js';
import { hasKeys } from './settings.js';
import { say } from './words.js';

/** Makes the sheet of a page work, or the form on a page of its own. */
export function followFilterSheet() {
  const sheet = /** @type {HTMLDetailsElement | null} */ (document.getElementById('filters'));
  const form = /** @type {HTMLFormElement | null} */ (document.querySelector('[role="search"]'));
  if (!form) return;
  const opener = sheet ? closeOutside(sheet) : () => {};
  listenToKeys(
    {
      '/': () => {
        opener();
        const query = /** @type {HTMLInputElement | null} */ (form.querySelector('#query'));
        query?.select();
      },
    },
    hasKeys,
  );
  form.addEventListener('click', (event) => {
    if (!(event.target instanceof Element) || !event.target.closest('.all')) return;
    event.preventDefault();
    void showAll(form);
  });
  narrowing(form);
}

/** @param {HTMLFormElement} form */
function narrowing(form) {
  const box = /** @type {HTMLInputElement | null} */ (form.querySelector('#narrow'));
  if (!box) return;
  const line = /** @type {HTMLElement} */ (box.parentElement);
  line.hidden = false;
  box.addEventListener('input', async () => {
    if (form.querySelector('.all')) await showAll(form);
    narrow(form, box.value);
  });
  box.addEventListener('keydown', (event) => {
    if (event.key !== 'Enter') return;
    // The box chooses lines, and submits nothing: Enter checks the only line that is left.
    event.preventDefault();
    const left = /** @type {NodeListOf<HTMLInputElement>} */ (form.querySelectorAll('li:not([hidden]) input'));
    if (left.length === 1 && left[0]) left[0].checked = !left[0].checked;
  });
}

/**
 * Hides the lines whose names do not have a text.
 *
 * @param {HTMLFormElement} form
 * @param {string} text
 */
function narrow(form, text) {
  const part = folded(text.trim());
  let left = 0;
  for (const line of form.querySelectorAll('li')) {
    line.hidden = !folded(line.querySelector('input')?.value ?? '').includes(part);
    if (!line.hidden) left += 1;
  }
  for (const list of form.querySelectorAll('fieldset')) list.hidden = !list.querySelector('li:not([hidden])');
  const status = form.querySelector('.narrow [role="status"]');
  if (status) status.textContent = left > 0 ? '' : say('Nothing matches');
}

/** @type {Promise<void> | null} */
let fetching = null;

/**
 * Replaces the lists by those with all sources and tags. Without an answer they stay as they are.
 *
 * @param {HTMLFormElement} form
 */
function showAll(form) {
  fetching ??= fetchAll(form).finally(() => {
    fetching = null;
  });
  return fetching;
}

/** @param {HTMLFormElement} form */
async function fetchAll(form) {
  const address = form.querySelector('.all')?.getAttribute('formaction');
  if (!address) return;
  const chosen = new URLSearchParams(/** @type {[string, string][]} */ ([...new FormData(form)]));
  const page = await requestPage(`${address}?${chosen}`);
  const lists = page ? [...page.querySelectorAll('fieldset')] : [];
  if (lists.length === 0) return;
  const focused = document.activeElement?.closest('fieldset');
  for (const list of form.querySelectorAll('fieldset')) list.remove();
  form.append(...lists);
  if (focused) /** @type {HTMLElement | null} */ (form.querySelector('#narrow'))?.focus();
  showFreshness();
}
