/**
 * Marks between posts: the line between unread and read posts, and the gaps where posts may be missing.
 *
 * @typedef {import('./posts.js').Key} Key
 * @typedef {import('./posts.js').Posts} Posts
 * @typedef {import('../connection/messages.js').Gap} Gap
 *
 * @typedef {{key: Key, element: HTMLElement}} Mark right above the post of that key
 */

import { clock, day, moment } from '../reading/clock.js';
import { say } from '../reading/words.js';
import { olderThan } from './addresses.js';
import { isNewer } from './posts.js';

export class Marks {
  #blog;
  #posts;
  /** @type {Mark | null} */
  #line = null;
  /** @type {Mark[]} */
  #gaps = [];

  /**
   * @param {string} blog
   * @param {Posts} posts
   */
  constructor(blog, posts) {
    this.#blog = blog;
    this.#posts = posts;
  }

  /** Draws the line above the newest post that doesn't wait. */
  markRead() {
    const newest = this.#posts.at(this.#posts.waiting);
    this.#line = newest ? unreadLine(newest) : null;
  }

  /**
   * Draws the line below the posts that are newer than those of the last visit.
   *
   * @param {Key} last the newest post that the reader was shown
   * @param {string} sentence
   */
  markVisit(last, sentence) {
    const read = this.#posts.at(this.#posts.indexOf(last));
    this.#line = read ? unreadLine(read, sentence) : null;
  }

  /** The post right above the line, if it is in the document. */
  get firstUnread() {
    if (!this.#line) return null;
    const { start, end } = this.#posts;
    const index = this.#posts.indexOf(this.#line.key);
    return index > start && index <= end ? (this.#posts.at(index - 1) ?? null) : null;
  }

  /**
   * @param {Key} above the oldest post above the gap
   * @param {Key} below the newest post below it
   * @param {Gap} gap
   * @param {Date} from
   * @param {Date} to
   */
  addGap(above, below, gap, from, to) {
    this.#gaps.push({ key: below, element: gapMark(gapSentence(gap, from, to), olderThan(this.#blog, above)) });
  }

  /**
   * The posts around the gap that an element belongs to.
   *
   * @param {Element} element
   */
  gapAt(element) {
    const gap = this.#gaps.find((mark) => mark.element.contains(element));
    const index = gap ? this.#posts.indexOf(gap.key) : 0;
    const above = this.#posts.at(index - 1);
    return gap && index > 0 && above ? { above, below: gap.key } : null;
  }

  /**
   * Shrinks the gap above a post, or removes it if the missing posts reach down to that post.
   *
   * @param {Key} below
   * @param {Key} last the oldest of the posts that were fetched
   */
  narrowGap(below, last) {
    const gap = this.#gaps.find(({ key }) => key.id === below.id);
    if (!gap) return;
    if (!isNewer(last, below)) this.closeGap(below);
    else /** @type {HTMLAnchorElement} */ (gap.element.querySelector('a')).href = olderThan(this.#blog, last);
  }

  /** @param {Key} below */
  closeGap(below) {
    this.#gaps = this.#gaps.filter(({ key }) => key.id !== below.id);
  }

  /**
   * The articles in the document with the marks between them. At the ends of the window a mark is left out if the
   * post on its other side is not in the document.
   *
   * @param {HTMLElement[]} articles
   */
  among(articles) {
    this.#gaps = this.#gaps.filter(({ key }) => this.#isBetweenPosts(key));
    const marks = [...this.#gaps, ...(this.#line ? [this.#line] : [])]
      .map(({ key, element }) => ({ index: this.#posts.indexOf(key) - this.#posts.start, element }))
      .filter(({ index, element }) => index <= articles.length && index >= (element === this.#line?.element ? 1 : 0))
      .sort((one, other) => other.index - one.index);
    const all = [...articles];
    for (const { index, element } of marks) all.splice(index, 0, element);
    return all;
  }

  /** @param {Key} key */
  #isBetweenPosts(key) {
    const index = this.#posts.indexOf(key);
    return index > 0 && index < this.#posts.length;
  }
}

/**
 * "Some posts may be missing between 13:05 and 13:48."
 *
 * @param {Gap} gap
 * @param {Date} from until then the page was certainly complete
 * @param {Date} to
 */
export function gapSentence(gap, from, to) {
  if (gap.reason === 'epoch') return say('The server was reset; some posts may be missing.');
  const write = day(from) === day(to) ? clock : moment;
  if (write(from) === write(to)) return say('Some posts may be missing around {time}.', { time: write(to) });
  return say('Some posts may be missing between {from} and {to}.', { from: write(from), to: write(to) });
}

/**
 * @param {Key} key of the newest post that was read
 * @param {string} [sentence]
 * @returns {Mark}
 */
function unreadLine(key, sentence = say('New posts above')) {
  const text = document.createElement('span');
  text.textContent = sentence;
  return { key, element: mark('unread-line', text) };
}

/**
 * @param {string} sentence
 * @param {string} address of the page of the missing posts
 */
function gapMark(sentence, address) {
  const text = document.createElement('span');
  text.textContent = sentence;
  const link = document.createElement('a');
  link.href = address;
  link.textContent = say('Load missing posts');
  const element = mark('gap', text, ' ', link);
  // The children of a feed are articles (WAI-ARIA 1.2).
  element.setAttribute('role', 'article');
  return element;
}

/**
 * @param {string} name
 * @param {...(Node | string)} parts
 */
function mark(name, ...parts) {
  const element = document.createElement('div');
  element.className = `mark ${name}`;
  element.append(...parts);
  return element;
}
