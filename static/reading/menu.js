/** The menu of narrow screens: sound and notifications, then the controls that stand in the bar of wide ones. */

import { closeOutside } from './closing.js';
import { say } from './words.js';

/** As in livelog.css. */
const NARROW = matchMedia('(max-width: 40rem)');

/**
 * @param {HTMLElement} bar
 * @param {() => HTMLElement} settings made when the menu opens: another tab may have changed them
 */
export function followWidth(bar, settings) {
  const menu = document.createElement('details');
  menu.id = 'menu';
  const summary = document.createElement('summary');
  summary.setAttribute('aria-label', say('Menu'));
  const sheet = document.createElement('div');
  menu.append(summary, sheet);
  let first = settings();
  sheet.append(first);
  menu.addEventListener('toggle', () => {
    if (!menu.open) return;
    const fresh = settings();
    first.replaceWith(fresh);
    first = fresh;
  });
  closeOutside(menu);
  const controls = [...bar.children].filter((part) => !part.matches('.name, .state, noscript'));

  function place() {
    if (NARROW.matches) {
      sheet.append(...controls);
      bar.append(menu);
    } else {
      menu.remove();
      bar.append(...controls);
    }
  }

  NARROW.addEventListener('change', place);
  place();
}
