/** News about posts outside the text: announcements, the tab's title and icon. */

import { count } from './words.js';

/** Milliseconds until the first announcement, and between two: posts are announced together. */
const ANNOUNCE_DELAY = 1_000;
const ANNOUNCE_INTERVAL = 15_000;

const MAX_ON_ICON = 99;

const title = document.title;
const icon = /** @type {HTMLLinkElement | null} */ (document.querySelector('link[rel="icon"]'));
const plainIcon = icon?.href ?? '';

/** Announces posts to screen readers, in batches: "3 new posts". */
export class Announcer {
  #log;
  #new = 0;
  #announcedAt = -ANNOUNCE_INTERVAL;
  /** @type {ReturnType<typeof setTimeout> | undefined} */
  #timer;

  constructor() {
    this.#log = document.createElement('p');
    this.#log.id = 'announcements';
    this.#log.className = 'unseen';
    this.#log.setAttribute('role', 'log');
    this.#log.setAttribute('aria-live', 'polite');
    document.body.append(this.#log);
  }

  /** @param {number} n posts that arrived */
  arrived(n) {
    if (n === 0) return;
    this.#new += n;
    if (this.#timer !== undefined) return;
    const wait = Math.max(ANNOUNCE_DELAY, this.#announcedAt + ANNOUNCE_INTERVAL - performance.now());
    this.#timer = setTimeout(() => this.#announceNew(), wait);
  }

  /** @param {string} sentence */
  announce(sentence) {
    this.#log.textContent = sentence;
  }

  #announceNew() {
    this.#timer = undefined;
    this.#announcedAt = performance.now();
    this.announce(count('1 new post', '{n} new posts', this.#new));
    this.#new = 0;
  }
}

/**
 * Shows the number of waiting posts in the tab's title and on its icon.
 *
 * @param {number} waiting
 */
export function showInTab(waiting) {
  const wanted = waiting > 0 ? `(${waiting}) ${title}` : title;
  if (document.title === wanted) return;
  document.title = wanted;
  if (icon) icon.href = waiting > 0 ? `${icon.dataset.counts}${Math.min(waiting, MAX_ON_ICON)}.svg` : plainIcon;
}

/**
 * @param {string} name
 * @param {string} label
 * @param {() => void} press
 */
export function button(name, label, press) {
  const made = document.createElement('button');
  made.type = 'button';
  made.className = name;
  made.textContent = label;
  made.addEventListener('click', press);
  return made;
}
