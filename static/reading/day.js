/** The line under the bar: the day of the posts in view, and links to its hours. */

import { Rail } from '../timeline/rail.js';
import { barBottom, firstInView } from '../timeline/scroll.js';
import { clock, dayName } from './clock.js';

/** Milliseconds from a change of the posts to that of the links, and between two checks whether it is still today. */
const DELAY = 300;
const INTERVAL = 30_000;

/** Pixels below the line at which a post is the one that is read; a link to it leaves less between them. */
const READ_AT = 24;

/** Keeps the line up to date while the reader scrolls and posts arrive. */
export function followDay() {
  const line = document.getElementById('day');
  const list = document.getElementById('timeline');
  if (line && list) new DayLine(line, list);
}

class DayLine {
  #list;
  #name;
  #rail;
  /** @type {Map<string, HTMLElement>} */
  #hours = new Map();
  #shown = '';
  #frame = 0;
  /** @type {ReturnType<typeof setTimeout> | undefined} */
  #timer;

  /**
   * @param {HTMLElement} line
   * @param {HTMLElement} list
   */
  constructor(line, list) {
    this.#list = list;
    this.#name = /** @type {HTMLElement} */ (line.querySelector('time'));
    const hours = /** @type {HTMLElement} */ (line.querySelector('ol'));
    hours.replaceChildren();
    this.#rail = new Rail(hours);
    this.#show();
    new MutationObserver(() => this.#showSoon()).observe(list, { childList: true });
    addEventListener('scroll', () => this.#showInFrame(), { passive: true });
    setInterval(() => this.#showSoon(), INTERVAL);
  }

  #showSoon() {
    this.#shown = '';
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => this.#showInFrame(), DELAY);
  }

  #showInFrame() {
    this.#frame ||= requestAnimationFrame(() => this.#show());
  }

  #show() {
    this.#frame = 0;
    const at = this.#inView() ?? new Date().toISOString();
    const name = dayName(at);
    if (name !== this.#shown) {
      this.#shown = name;
      if (this.#name.textContent !== name) this.#name.textContent = name;
      this.#showHours(dateOf(at));
    }
    for (const [hour, item] of this.#hours) {
      const link = /** @type {Element} */ (item.firstElementChild);
      if (hour === hourOf(at)) link.setAttribute('aria-current', 'true');
      else link.removeAttribute('aria-current');
    }
  }

  /** The position of the post that is read. */
  #inView() {
    const first = firstInView(this.#list, barBottom() + READ_AT);
    const article = first?.localName === 'article' ? first : first?.nextElementSibling;
    return article?.getAttribute('data-position');
  }

  /** @param {string} date */
  #showHours(date) {
    /** @type {Map<string, HTMLElement>} */
    const hours = new Map();
    for (const { id, dataset } of /** @type {Iterable<HTMLElement>} */ (this.#list.children)) {
      const position = dataset.position;
      if (!position || dateOf(position) !== date) continue;
      const hour = hourOf(position);
      if (!hours.has(hour)) hours.set(hour, hourItem(this.#hours.get(hour), hour, id));
    }
    this.#hours = hours;
    // The link to the only hour leads nowhere.
    this.#rail.show(hours.size > 1 ? [...hours.values()] : []);
  }
}

/** @param {string} position */
const dateOf = (position) => new Date(position).toDateString();

/** @param {string} position */
const hourOf = (position) => clock(position).replace(/\d\d$/, '00');

/**
 * @param {HTMLElement | undefined} known
 * @param {string} hour
 * @param {string} id of its newest post
 */
function hourItem(known, hour, id) {
  const item = known ?? document.createElement('li');
  const link = item.querySelector('a') ?? item.appendChild(document.createElement('a'));
  link.href = `#${id}`;
  link.textContent = hour;
  return item;
}
