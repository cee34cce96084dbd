/** Sound and notifications, for readers who asked for them. Of several tabs, one speaks. */

import { setting } from './settings.js';
import { count } from './words.js';

/** @typedef {import('../post/post.js').Item} Item */

/** More often than this nobody is disturbed. */
const EVERY = 5_000;

/** Two soft tones, a fifth apart: Hz, and when they begin, in seconds. */
const TONES = [
  [587.33, 0],
  [880, 0.09],
];
const TONE = 0.35;
const VOLUME = 0.05;

export class Signals {
  #blog;
  #title;
  #isSpeaker = true;
  #last = -EVERY;

  /**
   * @param {string} blog
   * @param {string} title
   */
  constructor(blog, title) {
    this.#blog = blog;
    this.#title = title;
    this.#elect();
    this.#sayWhetherLooking();
  }

  /** @param {Item[]} items that arrived */
  async arrived(items) {
    const newest = items.at(-1);
    if (!newest || !this.#isSpeaker || performance.now() - this.#last < EVERY) return;
    this.#last = performance.now();
    if (setting('sound') === 'on') playTone();
    if (setting('notifications') === 'on' && !(await this.#isSeen())) this.#notify(newest, items.length);
  }

  /** One tab holds the lock, as long as it is open. Without locks each tab speaks for itself. */
  #elect() {
    if (!navigator.locks) return;
    this.#isSpeaker = false;
    void navigator.locks.request(`livelog:${this.#blog}:speaker`, () => {
      this.#isSpeaker = true;
      return new Promise(() => {});
    });
  }

  get #seen() {
    return `livelog:${this.#blog}:seen`;
  }

  /** A tab that is looked at holds a lock together with others that are. */
  #sayWhetherLooking() {
    if (!navigator.locks) return;
    let end = () => {};
    const tell = () => {
      end();
      if (document.hidden) return;
      void navigator.locks.request(this.#seen, { mode: 'shared' }, () => new Promise((resolve) => {
        end = () => resolve(undefined);
      }));
    };
    document.addEventListener('visibilitychange', tell);
    tell();
  }

  /** Whether someone looks at a tab of this blog anyway. */
  async #isSeen() {
    if (!navigator.locks) return !document.hidden;
    const { held = [] } = await navigator.locks.query();
    return held.some(({ name }) => name === this.#seen);
  }

  /**
   * @param {Item} newest
   * @param {number} n
   */
  #notify(newest, n) {
    const body = n === 1 ? (newest.title ?? newest._livelog.source.title) : count('1 new post', '{n} new posts', n);
    // A later one takes the place of an earlier.
    const notification = new Notification(this.#title, { body, tag: `livelog-${this.#blog}`, silent: true });
    notification.onclick = () => {
      focus();
      notification.close();
    };
  }
}

/** @type {AudioContext | undefined} */
let audio;

/** Browsers allow it once the reader has pressed something on the page. */
export function playTone() {
  audio ??= new AudioContext();
  void audio.resume();
  for (const [pitch = 0, begin = 0] of TONES) {
    const [oscillator, gain, at] = [audio.createOscillator(), audio.createGain(), audio.currentTime + begin];
    oscillator.frequency.value = pitch;
    gain.gain.setValueAtTime(0, at);
    gain.gain.linearRampToValueAtTime(VOLUME, at + 0.02);
    gain.gain.exponentialRampToValueAtTime(0.0001, at + TONE);
    oscillator.connect(gain).connect(audio.destination);
    oscillator.start(at);
    oscillator.stop(at + TONE);
  }
}

/** @returns {Promise<boolean>} whether the reader allowed it */
export async function allowNotifications() {
  return 'Notification' in window && (await Notification.requestPermission()) === 'granted';
}
