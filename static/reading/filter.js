/** The filter of the page. Posts that arrive are shown if they match. */

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
