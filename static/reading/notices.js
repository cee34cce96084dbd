/** What floats below the bar, so that it never moves the text: how many posts wait, and a sentence about an absence. */

import { count, say } from './words.js';

export class Tray {
  #notice;
  #sentence;
  #button;

  /**
   * @param {HTMLElement} notice where sentences are put
   * @param {() => void} release
   */
  constructor(notice, release) {
    this.#notice = notice;
    this.#sentence = document.createElement('div');
    this.#sentence.className = 'told';
    this.#sentence.hidden = true;
    this.#button = button('fresh', '', release);
    this.#button.hidden = true;
    const dismiss = button('dismiss', say('Dismiss'), () => this.clear());
    const tray = document.createElement('div');
    tray.className = 'tray';
    this.#sentence.append(notice, dismiss);
    tray.append(this.#sentence, this.#button);
    document.querySelector('.bar')?.append(tray);
  }

  /** @param {number} waiting */
  show(waiting) {
    this.#button.hidden = waiting === 0;
    if (waiting > 0) this.#button.textContent = count('1 new post', '{n} new posts', waiting);
  }

  /** @param {string} sentence */
  tell(sentence) {
    this.#notice.textContent = sentence;
    this.#sentence.hidden = false;
  }

  clear() {
    this.#notice.textContent = '';
    this.#sentence.hidden = true;
  }
}

/**
 * @param {string} name
 * @param {string} label
 * @param {() => void} press
 */
function button(name, label, press) {
  const made = document.createElement('button');
  made.type = 'button';
  made.className = name;
  made.textContent = label;
  made.addEventListener('click', press);
  return made;
}
