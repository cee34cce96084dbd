/**
 * The view that a reader has chosen: summaries, or a list of headlines. The link in the bar works without this script,
 * which keeps the choice in this browser.
 */

import { setSetting, setting } from './settings.js';

const LIST = 'list';

/** Opens the list, if the reader has chosen it and the address names neither a view nor older posts. */
export function followView() {
  const link = /** @type {HTMLAnchorElement | null} */ (document.getElementById('view'));
  if (!link) return;
  const isList = link.dataset.chosen === LIST;
  const isOlder = new URLSearchParams(location.search).has('before');
  if (!isList && !isOlder && setting('view') === LIST) {
    location.replace(link.href + location.hash);
    return;
  }
  link.addEventListener('click', () => setSetting('view', isList ? null : LIST));
}
