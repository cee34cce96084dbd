/**
 * Merges messages of the server into the posts of the page: changes in their order, and pages of the history.
 *
 * @typedef {import('../post/post.js').Item} Item
 * @typedef {import('./posts.js').Key} Key
 * @typedef {import('./posts.js').Post} Post
 * @typedef {import('./posts.js').NewPost} NewPost
 * @typedef {import('./marks.js').Marks} Marks
 * @typedef {import('../connection/messages.js').Change} Change
 * @typedef {import('../connection/messages.js').Gap} Gap
 *
 * @typedef {object} Options
 * @property {(item: Item) => boolean} [matches] false for posts that the filter excludes
 * @property {() => [first: Element, last: Element] | null} [inView] the first and the last element in view
 * @property {(gap: Gap, from: Date) => void} [onGap] posts may be missing since that moment
 * @property {(newest: Key) => void} [onStale] posts from this one on may differ from the server's
 *
 * @typedef {object} OlderPage a page of the server, with all posts of the blog in its range
 * @property {HTMLElement[]} articles
 * @property {boolean} isLast
 * @property {Key} above the range begins below this post, or
 * @property {boolean} isIncluded with it
 * @property {number} asked the result of `expect` before the request
 */

import { keepItem } from '../post/items.js';
import { fold, isOpen, patchOpen } from '../post/open.js';
import { patchPost, renderPost, renderStub } from '../post/post.js';
import { olderThan } from './addresses.js';
import { FRONT_PAGE, isNewer, MAX_KEPT, MAX_WAITING, Posts } from './posts.js';
import { keepHeight } from './scroll.js';

/** Milliseconds between a post's position and when it was first seen; with more, the position is its own date. */
const MAX_NEW_AGE = 60_000;

export class Merger {
  #blog;
  #posts;
  #marks;
  #older;
  #options;
  /** @type {Item[]} */
  #arrived = [];
  /**
   * Ids of posts that are marked as new when they enter the document.
   *
   * @type {Set<string>}
   */
  #fresh = new Set();
  /**
   * Changes of posts that are not here, while a page of older posts is fetched; null otherwise.
   *
   * @type {Change[] | null}
   */
  #missed = null;

  /**
   * @param {string} blog
   * @param {Posts} posts
   * @param {Marks} marks
   * @param {HTMLElement} older holds the link to the posts before the oldest one
   * @param {Options} options
   */
  constructor(blog, posts, marks, older, options) {
    this.#blog = blog;
    this.#posts = posts;
    this.#marks = marks;
    this.#older = older;
    this.#options = options;
  }

  /** True if the blog has posts older than those here. */
  get hasOlder() {
    return !this.#older.hidden;
  }

  /** The posts that have arrived since the last call. */
  takeArrived() {
    const arrived = this.#arrived;
    this.#arrived = [];
    return arrived;
  }

  /**
   * True the first time for a post that has just arrived.
   *
   * @param {Post} post
   */
  takeFresh({ id }) {
    return this.#fresh.delete(id);
  }

  /**
   * @param {Change} change
   * @param {boolean} holds
   */
  apply(change, holds) {
    switch (change.type) {
      case 'entry':
        this.#put(change, holds, true);
        break;
      case 'update':
        this.#put(change, holds, false);
        break;
      case 'delete':
        this.#delete(change);
        break;
      case 'reset':
        this.#reset(change, holds);
        break;
    }
  }

  /**
   * @param {import('../connection/messages.js').ItemChange} change
   * @param {boolean} holds
   * @param {boolean} isNew
   */
  #put(change, holds, isNew) {
    const { item } = change;
    const known = this.#posts.get(item.id);
    // The page may have been rendered after events that follow its cursor.
    if (known && item._livelog.revision < known.revision) return;
    if (this.#options.matches?.(item) === false) {
      if (known) this.#remove(known);
    } else if (known?.position === item._livelog.position) {
      this.#correct(known, item);
    } else {
      if (known) this.#remove(known);
      if (!this.#insert(item, holds)) this.#missed?.push(change);
      else if (isNew && !known) this.#welcome(item);
    }
  }

  /**
   * @param {Item} item
   * @param {boolean} holds
   * @returns {boolean} false if the post is behind the link to older posts
   */
  #insert(item, holds) {
    const key = keyOf(item);
    const index = this.#posts.indexOf(key);
    if (index > 0 && index === this.#posts.length && this.hasOlder) return false;
    const post = { ...key, revision: item._livelog.revision, item, element: null };
    this.#posts.insert(post, { mayWait: holds && isJustIn(item), isShownAtEnd: true });
    return true;
  }

  /** @param {Item} item that the page did not have */
  #welcome(item) {
    if (isJustIn(item)) {
      this.#arrived.push(item);
      this.#fresh.add(item.id);
      return;
    }
    // Old posts of a feed that is new to the blog: the server announces only those on the front page, and there may
    // be others between the older posts.
    this.#checkBehindFrontPage();
  }

  #checkBehindFrontPage() {
    const count = this.#posts.length;
    if (count < FRONT_PAGE || (count === FRONT_PAGE && this.hasOlder)) return;
    if (this.#lastInView() < FRONT_PAGE) this.#cut(FRONT_PAGE);
    else this.#options.onStale?.(/** @type {Post} */ (this.#posts.at(FRONT_PAGE - 1)));
  }

  /** @returns {number} the index of the last post that the reader sees */
  #lastInView() {
    const last = this.#options.inView?.()?.[1];
    const post = last && this.#posts.get(last.getAttribute('data-id'));
    return post ? this.#posts.indexOf(post) : 0;
  }

  /**
   * Removes all but the newest posts; the others are behind the link at the end.
   *
   * @param {number} count
   */
  #cut(count) {
    for (const post of this.#posts.slice(count)) this.#remove(post);
    this.#linkToOlder();
  }

  /** @param {Post} post */
  #remove(post) {
    this.#posts.remove(post);
    this.#fresh.delete(post.id);
  }

  /**
   * @param {Post} post
   * @param {Item} item
   */
  #correct(post, item) {
    post.revision = item._livelog.revision;
    post.isWithdrawn = false;
    post.item = item;
    if (!post.element) return;
    post.element.classList.remove('withdrawn');
    keepItem(item);
    patchOpen(post.element, renderPost(item, this.#blog), this.#blog, item);
  }

  /** @param {import('../connection/messages.js').DeleteChange} change */
  #delete(change) {
    const post = this.#posts.get(change.id);
    if (post) this.#withdraw(post, change.isLate ?? false);
    else this.#missed?.push(change);
  }

  /**
   * Replaces a post by a stub; one that was never in the document is removed.
   *
   * @param {Post} post
   * @param {boolean} isLate the time of the withdrawal is unknown
   */
  #withdraw(post, isLate) {
    const article = post.element;
    if (!article) {
      this.#remove(post);
    } else if (!post.isWithdrawn) {
      post.isWithdrawn = true;
      const source = article.querySelector('.source bdi')?.textContent ?? '';
      const stub = renderStub(post.position, source, new Date(), isLate);
      stub.dataset.revision = String(post.revision);
      if (isOpen(article)) fold(article);
      keepHeight(article, () => {
        article.classList.add('withdrawn');
        patchPost(article, stub);
      });
    }
  }

  /** @param {NewPost} fresh from a page of the server */
  #adopt(fresh) {
    const known = this.#posts.get(fresh.id);
    if (known && fresh.revision < known.revision) return;
    if (known?.position === fresh.position && fresh.element) {
      if (fresh.revision === known.revision && !known.isWithdrawn) return;
      known.revision = fresh.revision;
      known.isWithdrawn = false;
      known.item = null;
      known.element?.classList.remove('withdrawn');
      if (known.element) patchOpen(known.element, fresh.element, this.#blog, null);
      else known.element = fresh.element;
      return;
    }
    if (known) this.#remove(known);
    // Below the window, posts enter the document as the reader gets near them.
    this.#posts.insert(fresh);
  }

  /**
   * Replaces the newest posts. Posts that the page has already stay in the document; older ones stay below the gap.
   *
   * @param {import('../connection/messages.js').ResetChange} change its items are the newest of the blog: fewer than
   *   a page only if the blog has no more
   * @param {boolean} holds
   */
  #reset({ items, gap, cursor, sure = new Date() }, holds) {
    const ids = new Set(items.map((item) => item.id));
    const oldest = items.length >= FRONT_PAGE ? keyOf(/** @type {Item} */ (items.at(-1))) : null;
    const isContinuous = items.some((item) => this.#posts.get(item.id)?.isWithdrawn === false);
    // Posts outside the document can be fetched again, without a check that they are still the same.
    for (const post of this.#posts.slice(this.#posts.end)) this.#remove(post);
    for (const post of this.#posts.slice()) {
      const isInRange = !oldest || !isNewer(oldest, post);
      if (isInRange && !ids.has(post.id)) this.#remove(post);
      // A new epoch counts revisions anew.
      post.revision = 0;
    }
    this.#older.hidden = true;
    for (const item of items) this.#put({ type: 'entry', cursor, item }, holds, false);
    if (oldest) this.#linkToOlder();
    this.#markGap(oldest, gap, sure, isContinuous);
  }

  /**
   * @param {Key | null} oldest of the posts that came with a reset; null if they are all of the blog's
   * @param {Gap | undefined} gap
   * @param {Date} sure
   * @param {boolean} isContinuous the newest posts reach down to those that were here: none are missing between
   */
  #markGap(oldest, gap, sure, isContinuous) {
    const isGap = oldest !== null && !isContinuous;
    if (gap && (isGap || gap.reason === 'epoch')) this.#options.onGap?.(gap, sure);
    const below = oldest && this.#posts.at(this.#posts.indexOf(oldest) + 1);
    if (!below) return;
    if (gap && isGap) this.#marks.addGap(oldest, below, gap, sure, new Date());
    this.#options.onStale?.(below);
  }

  /**
   * Removes posts beyond the bounds of waiting posts, of kept posts, and of posts in the document.
   *
   * @param {boolean} holds
   */
  removeExcess(holds) {
    while (this.#posts.waiting > MAX_WAITING) {
      const post = /** @type {Post} */ (this.#posts.at(this.#posts.waiting - 1));
      this.#remove(post);
      this.#markGapBelowWaiting(post);
    }
    if (this.#posts.length > MAX_KEPT) this.#cut(Math.max(MAX_KEPT, this.#posts.end));
    this.#posts.trim(() => (holds ? this.#lastInView() : 0));
  }

  /** @param {Post} removed a post that waited */
  #markGapBelowWaiting(removed) {
    const below = this.#posts.at(this.#posts.waiting);
    const above = this.#posts.at(this.#posts.waiting - 1);
    if (!below || !above) return;
    this.#marks.closeGap(below);
    const [from, to] = [new Date(below.position), new Date(removed.position)];
    this.#marks.addGap(above, below, { after: '', reason: 'slow' }, from, to);
  }

  /**
   * Keeps changes of posts that are not here until `merge` or `giveUp`: a page of the server may bring these posts.
   *
   * @returns {number} to be passed to `merge`
   */
  expect() {
    this.#missed ??= [];
    return this.#posts.serial;
  }

  /**
   * Takes over a page of the server: adds its posts, and withdraws those that it should list and does not.
   *
   * @param {OlderPage} page
   * @returns {Change[]} the changes to be applied now
   */
  merge({ articles, isLast, above, isIncluded, asked }) {
    const fresh = articles.map(postOf);
    const listed = new Set(fresh.map((post) => post.id));
    const last = fresh.at(-1);
    for (const post of this.#posts.within({ above, isIncluded, last, isLast })) {
      if (!listed.has(post.id) && post.serial <= asked) this.#withdraw(post, true);
    }
    for (const post of fresh) this.#adopt(post);
    const isEnd = last !== undefined && this.#posts.at(-1)?.id === last.id;
    if (isLast && (isEnd || last === undefined)) this.#older.hidden = true;
    else if (isEnd) this.#linkToOlder();
    const missed = this.#missed ?? [];
    this.#missed = null;
    return missed;
  }

  /** Ends the wait that `expect` began, without a page. */
  giveUp() {
    this.#missed = null;
  }

  #linkToOlder() {
    const oldest = this.#posts.at(-1);
    if (!oldest) return;
    const link = /** @type {HTMLAnchorElement} */ (this.#older.querySelector('a'));
    link.href = olderThan(this.#blog, oldest);
    this.#older.hidden = false;
  }
}

/**
 * @param {Item} item
 * @returns {Key}
 */
const keyOf = ({ id, _livelog: { position } }) => ({ id, position });

/**
 * True for a post that has just come in, not an older one of a feed that is new to the blog.
 *
 * @param {Item} item
 */
export function isJustIn({ _livelog: { position, seen } }) {
  return Math.abs(Date.parse(seen) - Date.parse(position)) <= MAX_NEW_AGE;
}

/** @param {HTMLElement} element */
export function postOf(element) {
  const { id = '', position = '', revision } = element.dataset;
  return { id, position, revision: Number(revision), element, item: null };
}
