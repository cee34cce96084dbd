/** For those who can't see posts arrive: "3 new posts", in batches, so that nobody is interrupted for each. */

import { count } from './words.js';

/** The first is told soon, with those that come with it; what comes meanwhile waits for the next time. */
const SOON = 1_000;
const EVERY = 15_000;

export class Announcer {
  #log;
  #new = 0;
  #toldAt = -EVERY;
  /** @type {ReturnType<typeof setTimeout> | undefined} */
  #timer;

  constructor() {
    this.#log = document.createElement('p');
    this.#log.id = 'announcements';
    this.#log.className = 'unseen';
    this.#log.role = 'log';
    this.#log.ariaLive = 'polite';
    document.body.append(this.#log);
  }

  /** @param {number} n how many posts arrived */
  arrived(n) {
    if (n === 0) return;
    this.#new += n;
    if (this.#timer !== undefined) return;
    const wait = Math.max(SOON, this.#toldAt + EVERY - performance.now());
    this.#timer = setTimeout(() => this.#tell(), wait);
  }

  /** @param {string} sentence */
  say(sentence) {
    this.#log.textContent = sentence;
  }

  #tell() {
    this.#timer = undefined;
    this.#toldAt = performance.now();
    this.say(count('1 new post', '{n} new posts', this.#new));
    this.#new = 0;
  }
}
