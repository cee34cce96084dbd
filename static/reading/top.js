/** The button "Back to top", shown after three screens. */

import { button } from './notices.js';
import { say } from './words.js';

const MIN_SCREENS = 3;

/** @param {() => void} [before] called before the page scrolls */
export function offerTop(before = () => {}) {
  const back = button('to-top', '', () => {
    before();
    document.getElementById('main')?.focus({ preventScroll: true });
    scrollTo({ top: 0, behavior: 'instant' });
  });
  const words = document.createElement('span');
  words.textContent = say('Back to top');
  back.append(words);
  back.hidden = true;
  addEventListener('scroll', () => {
    back.hidden = scrollY < MIN_SCREENS * innerHeight;
  }, { passive: true });
  document.getElementById('day')?.append(back);
}
