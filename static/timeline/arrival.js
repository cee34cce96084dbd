/**
 * Which arriving posts slide in while the reader watches the top of the page: those that move the text by at most 40 %
 * of the window. The others wait.
 */

import { renderPost } from '../post/post.js';
import { isJustIn } from './merge.js';

/**
 * @typedef {import('../post/post.js').Item} Item
 * @typedef {import('../connection/messages.js').Change} Change
 */

/** Share of the window's height by which posts that arrive together may move the text. */
const MAX_SHARE = 0.4;

/** Milliseconds within which posts arrive together. */
const TOGETHER = 2_000;

/** Changes that are measured at a time: the browser lays out each post. */
const MAX_MEASURED = 5;

/** Milliseconds of a task in which posts that wait are rendered. */
const PREPARING = 8;

export class Arrivals {
  #blog;
  #isNew;
  #scale;
  /** @type {WeakMap<Item, HTMLElement>} */
  #rendered = new WeakMap();
  #since = -TOGETHER;
  #room = 0;
  /** @type {ReturnType<typeof setTimeout> | undefined} */
  #preparing;

  /**
   * @param {string} blog
   * @param {HTMLElement} list
   * @param {(item: Item) => boolean} isNew the page shows such posts, and does not have this one
   */
  constructor(blog, list, isNew) {
    this.#blog = blog;
    this.#isNew = isNew;
    this.#scale = scaleBelow(list);
  }

  /**
   * The number of changes, from the first on, that leave the text in view. All are measured in one layout, apart from
   * the page.
   *
   * @param {Change[]} changes
   */
  fitting(changes) {
    const now = performance.now();
    if (now - this.#since > TOGETHER) {
      this.#since = now;
      this.#room = innerHeight * MAX_SHARE;
    }
    /** @type {Item[][]} */
    const measured = [];
    for (const change of changes.slice(0, MAX_MEASURED)) {
      const items = this.#newOf(change);
      if (items.length > MAX_MEASURED) break;
      measured.push(items);
    }
    const heights = this.#measure(measured.flat());
    let count = 0;
    for (const items of measured) {
      const height = heights.splice(0, items.length).reduce((sum, one) => sum + one, 0);
      if (height > this.#room) break;
      this.#room -= height;
      count += 1;
    }
    return count;
  }

  /**
   * True if posts that wait leave the text in view together.
   *
   * @param {Item[]} items
   */
  fit(items) {
    if (items.length > MAX_MEASURED) return false;
    return this.#measure(items).reduce((sum, one) => sum + one, 0) <= innerHeight * MAX_SHARE;
  }

  /**
   * Renders posts that wait, some in each task: all at once they would hold up the frame that shows them.
   *
   * @param {Item[]} items
   */
  prepare(items) {
    clearTimeout(this.#preparing);
    const left = items.filter((item) => !this.#rendered.has(item));
    if (left.length === 0) return;
    this.#preparing = setTimeout(() => {
      const until = performance.now() + PREPARING;
      while (left.length > 0 && performance.now() < until) this.#articleOf(/** @type {Item} */ (left.pop()));
      this.prepare(left);
    });
  }

  /**
   * The article of an item, rendered only once if it was measured or prepared.
   *
   * @param {Item} item
   */
  render(item) {
    const article = this.#articleOf(item);
    this.#rendered.delete(item);
    return article;
  }

  /** @param {Item} item */
  #articleOf(item) {
    const article = this.#rendered.get(item) ?? renderPost(item, this.#blog);
    this.#rendered.set(item, article);
    return article;
  }

  /**
   * @param {Change} change
   * @returns {Item[]} the posts that it would put above the others
   */
  #newOf(change) {
    if (change.type === 'delete') return [];
    const items = change.type === 'reset' ? change.items : [change.item];
    return items.filter((item) => isJustIn(item) && this.#isNew(item));
  }

  /** @param {Item[]} items */
  #measure(items) {
    if (items.length === 0) return [];
    const articles = items.map((item) => this.#articleOf(item));
    this.#scale.prepend(...articles);
    const heights = articles.map((article) => article.getBoundingClientRect().height);
    for (const article of articles) article.remove();
    return heights;
  }
}

/**
 * An invisible list as wide as the page's. Its last child keeps measured articles from being the last.
 *
 * @param {HTMLElement} list
 */
function scaleBelow(list) {
  const scale = document.createElement('div');
  scale.className = `${list.className} scale`;
  scale.inert = true;
  scale.append(document.createElement('div'));
  list.parentElement?.append(scale);
  return scale;
}
