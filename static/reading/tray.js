/**
 * News in the line under the bar, where they cover no text: the pill that shows the waiting posts, and a sentence.
 * They never move the text.
 */

import { duration } from './clock.js';
import { button } from './notices.js';
import { count, say } from './words.js';

/** @typedef {import('../timeline/absence.js').Missed} Missed */

export class Tray {
  #notice;
  #sentence;
  #pill;
  #waiting = 0;
  /** @type {{waiting: number, text: string} | null} */
  #absence = null;
  #visit = '';

  /**
   * @param {HTMLElement} notice holds the sentence
   * @param {() => void} release
   */
  constructor(notice, release) {
    this.#notice = notice;
    this.#sentence = document.createElement('div');
    this.#sentence.className = 'sentence';
    this.#sentence.hidden = true;
    this.#pill = button('fresh', '', release);
    this.#pill.hidden = true;
    const dismiss = button('dismiss', '', () => this.clear());
    dismiss.setAttribute('aria-label', say('Dismiss'));
    const tray = document.createElement('div');
    tray.className = 'tray';
    this.#sentence.append(notice, dismiss);
    tray.append(this.#pill, this.#sentence);
    document.querySelector('.bar')?.append(tray);
  }

  /** @param {number} waiting 0 hides the pill */
  showWaiting(waiting) {
    this.#waiting = waiting;
    if (waiting !== this.#absence?.waiting) this.#absence = null;
    if (waiting > 0) this.#visit = '';
    this.#show();
  }

  #show() {
    const waiting = this.#waiting > 0 ? count('1 new post', '{n} new posts', this.#waiting) : '';
    const text = this.#absence?.text ?? (waiting || this.#visit);
    if (text && this.#pill.textContent !== text) this.#pill.textContent = text;
    this.#pill.hidden = !text;
    this.#pill.classList.toggle('is-quiet', Boolean(this.#visit));
    this.#makeRoom();
  }

  /**
   * Tells what came while the reader was away: on the pill until more posts wait, else in a sentence.
   *
   * @param {number} milliseconds
   * @param {Missed} missed
   */
  showAbsence(milliseconds, missed) {
    // Posts that were withdrawn since, or that the filter excludes, do not wait.
    const text = absenceText(milliseconds, { ...missed, entry: this.#waiting });
    if (this.#waiting > 0) {
      this.#absence = { waiting: this.#waiting, text };
      this.showWaiting(this.#waiting);
    } else if (text) {
      this.showSentence(text);
    }
  }

  /**
   * Shows a sentence on the pill, until posts wait or the reader has scrolled by a screen.
   *
   * @param {string} sentence
   */
  showVisit(sentence) {
    this.#visit = sentence;
    this.#show();
    const end = () => {
      if (scrollY < innerHeight) return;
      this.#visit = '';
      this.#show();
      removeEventListener('scroll', end);
    };
    addEventListener('scroll', end, { passive: true });
  }

  /** @param {string} sentence */
  showSentence(sentence) {
    this.#notice.textContent = sentence;
    this.#sentence.hidden = false;
    this.#makeRoom();
  }

  clear() {
    this.#visit = '';
    this.#notice.textContent = '';
    this.#sentence.hidden = true;
    this.#show();
  }

  /** The other parts of the line give way. */
  #makeRoom() {
    document.body.classList.toggle('has-news', !this.#pill.hidden || !this.#sentence.hidden);
  }
}

/**
 * "7 new posts in the 12 min you were away", "4 new, 1 updated · while you were away 12 min"
 *
 * @param {number} milliseconds
 * @param {Missed} missed
 */
function absenceText(milliseconds, missed) {
  const time = duration(milliseconds);
  const n = missed.entry;
  const others = [
    missed.update && count('1 updated', '{n} updated', missed.update),
    missed.delete && count('1 withdrawn', '{n} withdrawn', missed.delete),
  ].filter(Boolean);
  if (others.length === 0) {
    if (n === 0) return '';
    return say(n === 1 ? '1 new post in the {time} you were away' : '{n} new posts in the {time} you were away', { n, time });
  }
  const news = [n && count('1 new', '{n} new', n), ...others].filter(Boolean).join(', ');
  return say('{news} · while you were away {time}', { news, time });
}
