/**
 * The timeline: applies the blog's changes to the posts of the page, and shows the window of them in the document.
 * It measures the layout only where it removes posts.
 */

import { keepItem } from '../post/items.js';
import { recent } from '../reading/clock.js';
import { say } from '../reading/words.js';
import { Marks } from './marks.js';
import { Merger, postOf } from './merge.js';
import { Posts } from './posts.js';
import { number, Rail, startDays } from './rail.js';

/**
 * @typedef {import('../post/post.js').Item} Item
 * @typedef {import('./posts.js').Key} Key
 * @typedef {import('./posts.js').Post} Post
 * @typedef {import('../connection/messages.js').Change} Change
 *
 * @typedef {object} Parts of the page
 * @property {HTMLElement} list
 * @property {HTMLElement} empty shown while there are no posts
 * @property {HTMLElement} older holds the link to the posts before the oldest one
 *
 * @typedef {import('./merge.js').Options & {render: (item: Item) => HTMLElement}} Options
 *
 * @typedef {object} Circumstances
 * @property {boolean} holds new posts wait
 * @property {() => boolean} [isTimeUp] true to leave the other changes for the next frame
 */

/** Posts that enter the document at a time while the reader watches: the browser lays out and paints each. */
const MAX_ARRIVING = 5;

/** Milliseconds without a change after which all articles are numbered anew. */
const NUMBERING_DELAY = 300;

export class Timeline {
  #parts;
  #rail;
  #posts;
  #marks;
  #merger;
  /** @type {ReturnType<typeof setTimeout> | undefined} */
  #numbering;
  #render;

  /**
   * @param {string} blog
   * @param {Parts} parts
   * @param {Options} options
   */
  constructor(blog, parts, options) {
    this.#render = options.render;
    this.#parts = parts;
    this.#rail = new Rail(parts.list);
    const articles = /** @type {NodeListOf<HTMLElement>} */ (parts.list.querySelectorAll(':scope > article'));
    this.#posts = new Posts([...articles].map(postOf));
    this.#marks = new Marks(blog, this.#posts);
    this.#merger = new Merger(blog, this.#posts, this.#marks, parts.older, options);
    this.#show();
  }

  get isEmpty() {
    return this.#posts.length === 0;
  }

  /** The number of posts that wait. */
  get waiting() {
    return this.#posts.waiting;
  }

  /** @returns {Item[]} the posts that wait, if none of them was in the document yet */
  get waitingItems() {
    return this.#posts.slice(0, this.waiting).flatMap(({ item }) => item ?? []);
  }

  /** @param {string} id */
  has(id) {
    return this.#posts.get(id) !== undefined;
  }

  get isAtNewest() {
    return this.#posts.isAtNewest;
  }

  get isFull() {
    return this.#posts.isFull;
  }

  /** The position of the newest post, waiting or not. */
  get newest() {
    return this.#posts.at(0)?.position;
  }

  get oldest() {
    return this.#posts.at(-1);
  }

  /**
   * Applies changes in their order.
   *
   * @param {Change[]} changes
   * @param {Circumstances} [circumstances]
   * @returns {{done: number, arrived: Item[]}} how many changes were applied, and which posts are new
   */
  apply(changes, { holds, isTimeUp = () => false } = { holds: false }) {
    let done = 0;
    for (const change of changes) {
      try {
        this.#merger.apply(change, holds);
      } catch (error) {
        // A post that can't be shown must not keep the others from the page.
        reportError(error);
      }
      done += 1;
      if (isTimeUp() || (!holds && done === MAX_ARRIVING)) break;
    }
    this.#merger.removeExcess(holds);
    this.#show();
    return { done, arrived: this.#merger.takeArrived() };
  }

  /** Draws the line between read and unread posts above the newest post in the document. */
  markRead() {
    this.#marks.markRead();
  }

  /**
   * Draws the line between the posts of the last visit and those since.
   *
   * @param {import('./visits.js').Visit} visit
   * @returns {string} "Since you were here 08:40 · 23 new"; empty if there are none
   */
  markVisit(visit) {
    const n = this.#posts.indexOf(visit);
    if (n === 0) return '';
    const isMore = n === this.#posts.length && this.#merger.hasOlder;
    const values = { time: recent(visit.at), n: isMore ? `${n}+` : n };
    const sentence = say('Since you were here {time} · {n} new', values);
    this.#marks.markVisit(visit, sentence);
    this.#show();
    return sentence;
  }

  /** The newest post that doesn't wait. */
  get newestShown() {
    return this.#posts.at(this.waiting);
  }

  /**
   * Shows the posts that wait.
   *
   * @returns {HTMLElement | null} the oldest post that the reader has not read
   */
  release() {
    if (this.waiting === 0) return this.#marks.firstUnread?.element ?? null;
    this.markRead();
    const count = this.#posts.release();
    this.#show();
    return this.#posts.at(count - 1)?.element ?? null;
  }

  /**
   * Shows the newest posts only, to a reader at the top: hundreds below them make all that follows slower. False if
   * there are few.
   */
  dropOlder() {
    return this.#showIf(this.#posts.dropOlder());
  }

  /** Shows some more newer posts; false if there are none here. */
  extendUp() {
    return this.#showIf(this.#posts.extendUp());
  }

  /** Shows some more older posts; false if there are none here. */
  extendDown() {
    return this.#showIf(this.#posts.extendDown());
  }

  /** Shows the newest posts that don't wait. */
  showNewest() {
    this.#showIf(this.#posts.showNewest());
  }

  /** @param {boolean} hasChanged */
  #showIf(hasChanged) {
    if (hasChanged) this.#show();
    return hasChanged;
  }

  /**
   * @param {Element} article
   * @returns {Key | null} the post above the page of the history that an article is on; null on the front page
   */
  pageAbove(article) {
    const post = this.#posts.get(article.getAttribute('data-id'));
    return post ? this.#posts.pageAbove(post) : null;
  }

  /** @see {Merger.expect} */
  expect() {
    return this.#merger.expect();
  }

  /** @param {import('./merge.js').OlderPage} page of the server */
  merge(page) {
    this.apply(this.#merger.merge(page), { holds: true });
  }

  /** @see {Merger.giveUp} */
  giveUp() {
    this.#merger.giveUp();
  }

  /**
   * The posts around the gap that an element belongs to.
   *
   * @param {Element} element
   */
  gapAt(element) {
    return this.#marks.gapAt(element);
  }

  /**
   * Shrinks a gap: its posts down to `last` were fetched.
   *
   * @param {Key} below the newest post below the gap
   * @param {Key} last
   */
  narrowGap(below, last) {
    this.#marks.narrowGap(below, last);
    this.#show();
  }

  /** Makes the document equal to the window. */
  #show() {
    const articles = this.#posts.shown().map((post) => this.#articleOf(post));
    this.#number(articles.filter((article) => !article.hasAttribute('tabindex')));
    // A new post changes the numbers of all below it: that waits until no more arrive.
    clearTimeout(this.#numbering);
    this.#numbering = setTimeout(() => this.#number(articles), NUMBERING_DELAY);
    this.#rail.show(this.#marks.among(articles));
    this.#parts.empty.hidden = !this.isEmpty;
    startDays(articles);
  }

  /** @param {HTMLElement[]} articles */
  #number(articles) {
    const all = this.#merger.hasOlder ? -1 : this.#posts.length - this.waiting;
    const first = this.#posts.start - this.waiting + 1;
    const numbers = new Map(this.#posts.shown().map((post, index) => [post.element, first + index]));
    for (const article of articles) {
      const own = numbers.get(article);
      if (own !== undefined) number(article, own, all);
    }
  }

  /** @param {Post} post */
  #articleOf(post) {
    if (!post.element) {
      const item = /** @type {Item} */ (post.item);
      post.element = this.#render(item);
      keepItem(item);
      post.item = null;
    }
    if (this.#merger.takeFresh(post)) markArrival(post.element);
    return post.element;
  }
}

/** @param {HTMLElement} article */
function markArrival(article) {
  article.classList.add('arrived');
  article.addEventListener('animationend', (event) => {
    if (event.target === article && event.animationName !== 'arrive') article.classList.remove('arrived');
  });
}
