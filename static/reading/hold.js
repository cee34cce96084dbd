/** The button that holds new posts back until it is pressed again. */

import { say } from './words.js';

/**
 * @param {HTMLElement} place
 * @param {(isHeld: boolean) => void} tell
 * @returns {{toggle: () => void, isHeld: () => boolean}}
 */
export function holdButton(place, tell) {
  const button = document.createElement('button');
  button.type = 'button';
  button.id = 'hold';
  button.className = 'quiet';
  let isHeld = false;

  function show() {
    button.textContent = isHeld ? say('Resume') : say('Pause');
    button.title = isHeld ? say('New posts wait until you resume') : say('Have new posts wait');
  }

  function toggle() {
    isHeld = !isHeld;
    show();
    tell(isHeld);
  }

  show();
  button.addEventListener('click', toggle);
  place.before(button);
  return { toggle, isHeld: () => isHeld };
}
