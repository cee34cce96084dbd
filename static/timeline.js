/**
 * The posts on the page, newest first: by position, then by id. It never asks the browser for a measure, so
 * that any number of changes costs one layout.
 */

import { startDays } from './days.js';
import { patchEntry, renderEntry } from './entry.js';

/**
 * @typedef {import('./entry.js').Item} Item
 * @typedef {import('./stream.js').Change} Change
 *
 * @typedef {object} Post
 * @property {string} id
 * @property {string} position
 * @property {number} revision
 * @property {HTMLElement} element
 *
 * @typedef {object} Parts of the page
 * @property {HTMLElement} list
 * @property {HTMLElement} empty what stands in for posts while there are none
 * @property {HTMLElement} older the way to the posts before the oldest one shown
 */

/** The page holds no more than this; what is older is behind the link at its end. */
const MOST_POSTS = 500;

/**
 * How many posts the server puts on a page. Old posts of a feed that is new to the blog are announced only if
 * they belong there; the others are just stored.
 */
const FRONT_PAGE = 50;

/** A post placed within this of being first seen has just come in; otherwise its position is its own date. */
const JUST_IN = 60_000;

export class Timeline {
  /** @type {Post[]} */
  #posts;
  /** @type {Map<string, Post>} */
  #byId;
  #blog;
  #parts;

  /**
   * @param {string} blog
   * @param {Parts} parts
   */
  constructor(blog, parts) {
    this.#blog = blog;
    this.#parts = parts;
    this.#posts = [.../** @type {NodeListOf<HTMLElement>} */ (parts.list.querySelectorAll(':scope > article'))].map(read);
    this.#byId = new Map(this.#posts.map((post) => [post.id, post]));
    this.#tidy();
  }

  get isEmpty() {
    return this.#posts.length === 0;
  }

  /**
   * Makes the page agree with the events, in their order.
   *
   * @param {Change[]} changes
   */
  apply(changes) {
    for (const change of changes) {
      try {
        this.#applyOne(change);
      } catch (error) {
        // One post that can't be shown must not take the others with it.
        reportError(error);
      }
    }
    this.#tidy();
  }

  /** @param {Change} change */
  #applyOne(change) {
    switch (change.type) {
      case 'entry':
        this.#put(change.item, true);
        break;
      case 'update':
        this.#put(change.item, false);
        break;
      case 'delete':
        this.#remove(change.id);
        break;
      case 'reset':
        this.#reset(change.items);
        break;
    }
  }

  /**
   * @param {Item} item
   * @param {boolean} isNew
   */
  #put(item, isNew) {
    const known = this.#byId.get(item.id);
    // The page may have been rendered after the events that its cursor leaves to come.
    if (known && item._livelog.revision < known.revision) return;
    if (known?.position === item._livelog.position) {
      known.revision = item._livelog.revision;
      patchEntry(known.element, renderEntry(item, this.#blog));
      return;
    }
    if (known) this.#remove(known.id);
    const place = this.#insert(item);
    if (isNew && !known) this.#welcome(item, place);
  }

  /**
   * @param {Item} item
   * @returns {number} where it stands now; -1 if it lies behind the link to older posts
   */
  #insert(item) {
    const { position, revision } = item._livelog;
    const place = this.#placeOf(position, item.id);
    if (place > 0 && place === this.#posts.length && this.#hasOlder) return -1;
    const post = { id: item.id, position, revision, element: renderEntry(item, this.#blog) };
    this.#parts.list.insertBefore(post.element, this.#posts[place]?.element ?? null);
    this.#posts.splice(place, 0, post);
    this.#byId.set(post.id, post);
    return place;
  }

  /**
   * @param {Item} item
   * @param {number} place
   */
  #welcome(item, place) {
    const isOld = !isJustIn(item);
    if (place === 0 && !isOld) markArrival(/** @type {Post} */ (this.#posts[0]).element);
    // Others like it may lie between the posts behind the front page, and they are not announced.
    if (place >= 0 && isOld) this.#keepFrontPage();
  }

  #keepFrontPage() {
    const count = this.#posts.length;
    if (count > FRONT_PAGE || (count === FRONT_PAGE && !this.#hasOlder)) this.#cut(FRONT_PAGE);
  }

  /**
   * Keeps the newest posts; the others are behind the link at the end.
   *
   * @param {number} most
   */
  #cut(most) {
    for (const post of this.#posts.slice(most)) this.#remove(post.id);
    this.#leadToOlder();
  }

  /** @param {string} id */
  #remove(id) {
    const post = this.#byId.get(id);
    if (!post) return;
    this.#byId.delete(id);
    this.#posts.splice(this.#posts.indexOf(post), 1);
    post.element.remove();
  }

  /**
   * Posts that are in both stay in place, so that the reader does not lose theirs.
   *
   * @param {Item[]} items the newest of the blog: fewer than a page only if there are no more
   */
  #reset(items) {
    const kept = new Set(items.map((item) => item.id));
    for (const post of [...this.#posts]) {
      if (!kept.has(post.id)) this.#remove(post.id);
      // A history that began anew counts revisions anew.
      post.revision = 0;
    }
    this.#parts.older.hidden = true;
    for (const item of items) this.#put(item, false);
    if (items.length >= FRONT_PAGE) this.#leadToOlder();
  }

  /** What follows from the posts as a whole. */
  #tidy() {
    if (this.#posts.length > MOST_POSTS) this.#cut(MOST_POSTS);
    this.#parts.empty.hidden = !this.isEmpty;
    startDays(this.#posts.map((post) => post.element));
  }

  get #hasOlder() {
    return !this.#parts.older.hidden;
  }

  #leadToOlder() {
    const last = this.#posts.at(-1);
    if (!last) return;
    const link = /** @type {HTMLAnchorElement} */ (this.#parts.older.querySelector('a'));
    link.href = olderThan(this.#blog, last);
    this.#parts.older.hidden = false;
  }

  /**
   * The index at which a post belongs.
   *
   * @param {string} position
   * @param {string} id
   */
  #placeOf(position, id) {
    let low = 0;
    let high = this.#posts.length;
    while (low < high) {
      const middle = (low + high) >> 1;
      if (isNewer(/** @type {Post} */ (this.#posts[middle]), position, id)) low = middle + 1;
      else high = middle;
    }
    return low;
  }
}

/**
 * @param {HTMLElement} element
 * @returns {Post}
 */
function read(element) {
  const { id = '', position = '', revision } = element.dataset;
  return { id, position, revision: Number(revision), element };
}

/**
 * @param {Post} post
 * @param {string} position
 * @param {string} id
 */
function isNewer(post, position, id) {
  return post.position === position ? post.id > id : post.position > position;
}

/** @param {Item} item */
function isJustIn({ _livelog: { position, seen } }) {
  return Math.abs(Date.parse(seen) - Date.parse(position)) <= JUST_IN;
}

/** @param {HTMLElement} article */
function markArrival(article) {
  article.classList.add('arrived');
  article.addEventListener('animationend', (event) => {
    if (event.target === article) article.classList.remove('arrived');
  });
}

/**
 * The page that goes on from a post: the `before` of the server is its position in microseconds, and its id.
 *
 * @param {string} blog
 * @param {Post} post
 */
function olderThan(blog, { position, id }) {
  const [second, fraction = '0'] = position.replace('Z', '').split('.');
  const micros = Date.parse(`${second}Z`) * 1000 + Number(fraction.padEnd(6, '0'));
  return `/${blog}/?before=${encodeURIComponent(`${micros}-${id}`)}`;
}
