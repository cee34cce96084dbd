/** Sound and notifications, if the reader turned them on. Of several tabs of a blog, one gives them. */

import { named, shortName } from '../post/names.js';
import { setting } from './settings.js';
import { count } from './words.js';

/** @typedef {import('../post/post.js').Item} Item */

/** Milliseconds between two signals. */
const MIN_INTERVAL = 5_000;

/** Two tones, a fifth apart: Hz, and the begin in seconds. */
const TONES = [
  [587.33, 0],
  [880, 0.09],
];
const TONE_SECONDS = 0.35;
const VOLUME = 0.05;

export class Signals {
  #blog;
  #title;
  #isElected = true;
  #last = -MIN_INTERVAL;

  /**
   * @param {string} blog
   * @param {string} title
   */
  constructor(blog, title) {
    this.#blog = blog;
    this.#title = title;
    this.#elect();
    this.#lockWhileVisible();
  }

  /** @param {Item[]} items that arrived */
  async arrived(items) {
    const newest = items.at(-1);
    if (!newest || !this.#isElected || performance.now() - this.#last < MIN_INTERVAL) return;
    this.#last = performance.now();
    if (setting('sound') === 'on') playTone();
    if (setting('notifications') === 'on' && !(await this.#isVisible())) this.#notify(newest, items.length);
  }

  /** The tab that holds the lock is elected, until it closes. Without Web Locks every tab is. */
  #elect() {
    if (!navigator.locks) return;
    this.#isElected = false;
    void navigator.locks.request(`livelog:${this.#blog}:speaker`, () => {
      this.#isElected = true;
      return new Promise(() => {});
    });
  }

  get #visibleLock() {
    return `livelog:${this.#blog}:seen`;
  }

  /** Visible tabs of a blog share a lock. */
  #lockWhileVisible() {
    if (!navigator.locks) return;
    let end = () => {};
    const update = () => {
      end();
      if (document.hidden) return;
      void navigator.locks.request(this.#visibleLock, { mode: 'shared' }, () => new Promise((resolve) => {
        end = () => resolve(undefined);
      }));
    };
    document.addEventListener('visibilitychange', update);
    update();
  }

  /** True if a tab of this blog is visible. */
  async #isVisible() {
    if (!navigator.locks) return !document.hidden;
    const { held = [] } = await navigator.locks.query();
    return held.some(({ name }) => name === this.#visibleLock);
  }

  /**
   * @param {Item} newest
   * @param {number} n
   */
  #notify(newest, n) {
    const body = n === 1 ? (named(newest) || shortName(newest._livelog.source.title)) : count('1 new post', '{n} new posts', n);
    // The tag makes it replace an earlier one.
    const notification = new Notification(this.#title, { body, tag: `livelog-${this.#blog}`, silent: true });
    notification.onclick = () => {
      focus();
      notification.close();
    };
  }
}

/** @type {AudioContext | undefined} */
let audio;

/** Browsers play sound only after the reader has pressed something on the page. */
export function playTone() {
  audio ??= new AudioContext();
  void audio.resume();
  for (const [pitch = 0, begin = 0] of TONES) {
    const [oscillator, gain, at] = [audio.createOscillator(), audio.createGain(), audio.currentTime + begin];
    oscillator.frequency.value = pitch;
    gain.gain.setValueAtTime(0, at);
    gain.gain.linearRampToValueAtTime(VOLUME, at + 0.02);
    gain.gain.exponentialRampToValueAtTime(0.0001, at + TONE_SECONDS);
    oscillator.connect(gain).connect(audio.destination);
    oscillator.start(at);
    oscillator.stop(at + TONE_SECONDS);
  }
}

/** @returns {Promise<boolean>} true if the reader allows notifications */
export async function allowNotifications() {
  return 'Notification' in window && (await Notification.requestPermission()) === 'granted';
}
