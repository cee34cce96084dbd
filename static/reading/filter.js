/** The filter of the page, which arriving posts pass, and the sheet in which the reader chooses it. */

import { matcherOf } from './search.js';

/** Milliseconds within which filtered pages reload after a reset. */
const RELOAD_DELAY = 5_000;

const chosen = document.getElementById('main')?.dataset.filter;

/** True if the page shows only some of the blog's posts. */
export const isFiltered = chosen !== undefined;

/** @type {(item: import('../post/post.js').Item) => boolean} true if it belongs on this page */
export const matches = chosen === undefined ? () => true : matcherOf(JSON.parse(chosen));

/** Reloads the page after a reset, which has only the newest posts of the blog: perhaps none that match. */
export function reload() {
  setTimeout(() => location.reload(), Math.random() * RELOAD_DELAY);
}

/** Closes the filter sheet on Escape, and when the reader presses outside it. */
export function closeFilterOutside() {
  const sheet = /** @type {HTMLDetailsElement | null} */ (document.getElementById('filters'));
  if (sheet) closeOutside(sheet);
}

/**
 * Closes a sheet on Escape, and when the reader presses outside it.
 *
 * @param {HTMLDetailsElement} sheet
 */
export function closeOutside(sheet) {
  addEventListener('keydown', (event) => {
    // Of two sheets, the inner one closes first.
    if (event.key !== 'Escape' || !sheet.open || sheet.querySelector('details[open]')) return;
    sheet.open = false;
    sheet.querySelector('summary')?.focus();
  });
  addEventListener('pointerdown', ({ target }) => {
    if (target instanceof Node && !sheet.contains(target)) sheet.open = false;
  });
}
