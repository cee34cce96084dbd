/**
 * The posts of the page, and which of them are shown: a stretch of them, since a document of thousands is slow. The
 * newest may wait to be shown until the reader asks for them. It asks the browser for a measure only where it takes
 * something away.
 */

import { startDays } from './days.js';
import { patchEntry, renderEntry } from '../post/post.js';
import { keepHeight } from './height.js';
import { gapMark, unreadLine } from './marks.js';
import { isNewer, olderThan, Posts } from './posts.js';
import { number, Rail } from './rail.js';
import { renderStub } from '../post/stub.js';

/**
 * @typedef {import('../post/post.js').Item} Item
 * @typedef {import('./posts.js').Key} Key
 * @typedef {import('./posts.js').Post} Post
 * @typedef {import('./marks.js').Mark} Mark
 * @typedef {import('../connection/stream.js').Change} Change
 *
 * @typedef {object} Parts of the page
 * @property {HTMLElement} list
 * @property {HTMLElement} empty what stands in for posts while there are none
 * @property {HTMLElement} older the way to the posts before the oldest one shown
 *
 * @typedef {object} Options
 * @property {(item: Item) => boolean} [matches] whether a post is one of those that the reader wants to see
 * @property {() => [first: Element, last: Element] | null} [inView] the first and the last part of the list in view
 * @property {(correction: Correction) => void} [onCorrected]
 * @property {(gap: import('../connection/stream.js').Gap, from: Date) => void} [onGap] posts may be missing since that moment
 * @property {(newest: Key) => void} [onDoubt] posts from this one on may no longer be what the blog has
 *
 * @typedef {object} Correction
 * @property {Item} item
 * @property {HTMLElement} article as it is now
 * @property {HTMLElement} before as it was
 *
 * @typedef {object} Circumstances
 * @property {boolean} holds whether new posts wait
 * @property {() => boolean} [isTimeUp] whether the rest is to be left for the next time
 *
 * @typedef {object} Older a page of the server, with all posts of the blog that stand in its range
 * @property {HTMLElement[]} articles
 * @property {boolean} isLast
 * @property {Key} above the range begins below it, or
 * @property {boolean} isIncluded with it
 * @property {number} asked the serial of the newest post when it was asked for
 */

/** The document holds no more than this. */
export const MOST_SHOWN = 400;

/** The page keeps no more than this; what is older is behind the link at its end. */
export const MOST_KEPT = 5_000;

/** So many wait at the most; of more, the oldest are behind a gap. */
const MOST_WAITING = 1_000;

/** How many posts are put into the document at a time: a frame's work. */
const STEP = 25;

/** How many arrive at a time while the reader watches: the browser has to lay out and paint each. */
const ARRIVING = 5;

/**
 * How many posts the server puts on a page. Old posts of a feed that is new to the blog are announced only if
 * they belong there; the others are just stored.
 */
export const FRONT_PAGE = 50;

/** For so long nothing has come when posts are numbered anew. */
const QUIET = 300;

/** A post placed within this of being first seen has just come in; otherwise its position is its own date. */
const JUST_IN = 60_000;

export class Timeline {
  #blog;
  #parts;
  #options;
  #rail;
  #posts = new Posts();
  /** The first so many posts wait; from #start up to #end they are shown. */
  #waiting = 0;
  #start = 0;
  #end = 0;
  /** @type {Mark | null} */
  #line = null;
  /** @type {Mark[]} */
  #gaps = [];
  /** @type {Item[]} */
  #arrived = [];
  /** @type {ReturnType<typeof setTimeout> | undefined} */
  #numbering;
  /**
   * Those that are to bear a mark when they are shown.
   *
   * @type {Set<string>}
   */
  #fresh = new Set();
  /**
   * What came for posts that are not here while older ones are under way.
   *
   * @type {Change[] | null}
   */
  #missed = null;

  /**
   * @param {string} blog
   * @param {Parts} parts
   * @param {Options} [options]
   */
  constructor(blog, parts, options = {}) {
    this.#blog = blog;
    this.#parts = parts;
    this.#options = options;
    this.#rail = new Rail(parts.list);
    for (const article of parts.list.querySelectorAll(':scope > article')) {
      this.#posts.insert(read(/** @type {HTMLElement} */ (article)));
    }
    this.#end = this.#posts.length;
    this.#show();
  }

  get isEmpty() {
    return this.#posts.length === 0;
  }

  /** How many posts wait to be shown. */
  get waiting() {
    return this.#waiting;
  }

  /** Whether nothing but what waits is newer than what is shown. */
  get isAtNewest() {
    return this.#start === this.#waiting;
  }

  /** Whether nothing that is here is older than what is shown. */
  get isAtOldest() {
    return this.#end === this.#posts.length;
  }

  get isFull() {
    return this.#posts.length >= MOST_KEPT;
  }

  /** When the newest post was first seen, waiting or not. */
  get newest() {
    return this.#posts.at(0)?.position;
  }

  /**
   * Makes the page agree with the events, in their order.
   *
   * @param {Change[]} changes
   * @param {Circumstances} [circumstances]
   * @returns {{done: number, arrived: Item[]}} for how many changes there was time, and which posts are new
   */
  apply(changes, { holds, isTimeUp = () => false } = { holds: false }) {
    this.#arrived = [];
    let done = 0;
    for (const change of changes) {
      try {
        this.#applyOne(change, holds);
      } catch (error) {
        // One post that can't be shown must not take the others with it.
        reportError(error);
      }
      done += 1;
      if (isTimeUp() || (!holds && done === ARRIVING)) break;
    }
    this.#shed(holds);
    this.#show();
    return { done, arrived: this.#arrived };
  }

  /**
   * Remembers that everything down from the newest post shown was read, for the line between it and what comes.
   */
  markRead() {
    const newest = this.#posts.at(this.#waiting);
    this.#line = newest ? unreadLine(newest) : null;
  }

  /**
   * Shows the posts that wait, with the oldest of them among the others.
   *
   * @returns {HTMLElement | null} the oldest of those that are new to the reader
   */
  release() {
    if (this.#waiting === 0) return this.firstUnread();
    const count = this.#waiting;
    this.markRead();
    this.#waiting = 0;
    if (this.#start > count) this.#end = Math.min(count + STEP, this.#posts.length);
    // Of many only the oldest are shown at once: the others come as the reader gets near them.
    this.#start = count > 2 * STEP ? count - STEP : 0;
    this.#trimEnd();
    this.#show();
    return this.#posts.at(count - 1)?.element ?? null;
  }

  /** @returns {HTMLElement | null} the post above the line, if it is shown */
  firstUnread() {
    if (!this.#line) return null;
    const place = this.#posts.placeOf(this.#line.key);
    return place > this.#start && place <= this.#end ? (this.#posts.at(place - 1)?.element ?? null) : null;
  }

  /** Shows some more of the newer posts that are here; says whether there were any. */
  extendUp() {
    if (this.isAtNewest) return false;
    this.#start = Math.max(this.#start - STEP, this.#waiting);
    this.#trimEnd();
    this.#show();
    return true;
  }

  /** Shows some more of the older posts that are here; says whether there were any. */
  extendDown() {
    if (this.isAtOldest) return false;
    this.#end = Math.min(this.#end + STEP, this.#posts.length);
    this.#start = Math.max(this.#start, this.#end - MOST_SHOWN);
    this.#show();
    return true;
  }

  /** Shows the newest posts that don't wait. */
  showNewest() {
    if (this.isAtNewest) return;
    this.#start = this.#waiting;
    this.#end = Math.min(this.#start + 2 * STEP, this.#posts.length);
    this.#show();
  }

  /**
   * The page of the history that a post is on.
   *
   * @param {Element} article
   * @returns {Key | null} the post above that page; null for the front page
   */
  pageAbove(article) {
    const post = this.#posts.get(article.getAttribute('data-id') ?? '');
    if (!post) return null;
    const place = this.#posts.placeOf(post) - this.#waiting;
    const begin = place - (place % FRONT_PAGE);
    return begin > 0 ? (this.#posts.at(this.#waiting + begin - 1) ?? null) : null;
  }

  /** The oldest post that is here. */
  get oldest() {
    return this.#posts.at(-1);
  }

  /**
   * Has the timeline remember what comes for posts that are on their way here.
   *
   * @returns {number} to be given back to `merge`
   */
  expect() {
    this.#missed ??= [];
    return this.#posts.serial;
  }

  /**
   * Takes over a page of the server.
   *
   * @param {Older} page
   */
  merge({ articles, isLast, above, isIncluded, asked }) {
    const fresh = articles.map(read);
    const listed = new Set(fresh.map((post) => post.id));
    const last = fresh.at(-1);
    for (const post of this.#posts.slice()) {
      const isBelow = isNewer(above, post) || (isIncluded && post.id === above.id);
      const isInRange = isBelow && (isLast || (last !== undefined && !isNewer(last, post)));
      if (isInRange && !listed.has(post.id) && post.serial <= asked) this.#withdraw(post, true);
    }
    for (const post of fresh) this.#adopt(post);
    const isEnd = last !== undefined && this.#posts.at(-1)?.id === last.id;
    if (isLast && (isEnd || last === undefined)) this.#parts.older.hidden = true;
    else if (isEnd) this.#leadToOlder();
    const missed = this.#missed ?? [];
    this.#missed = null;
    this.apply(missed, { holds: true });
  }

  /** Nothing came of what was expected. */
  giveUp() {
    this.#missed = null;
  }

  /** The gap whose mark an element belongs to, as the range between the posts above it and those below. */
  gapAt(/** @type {Element} */ element) {
    const gap = this.#gaps.find((mark) => mark.element.contains(element));
    const place = gap ? this.#posts.placeOf(gap.key) : 0;
    const above = this.#posts.at(place - 1);
    return gap && place > 0 && above ? { above, below: gap.key } : null;
  }

  /**
   * @param {Change} change
   * @param {boolean} holds
   */
  #applyOne(change, holds) {
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
   * @param {import('../connection/stream.js').EntryChange | import('../connection/stream.js').UpdateChange} change
   * @param {boolean} holds
   * @param {boolean} isNew
   */
  #put(change, holds, isNew) {
    const { item } = change;
    const known = this.#posts.get(item.id);
    // The page may have been rendered after the events that its cursor leaves to come.
    if (known && item._livelog.revision < known.revision) return;
    if (this.#options.matches?.(item) === false) {
      if (known) this.#remove(known);
    } else if (known?.position === item._livelog.position) {
      this.#correct(known, item);
    } else {
      if (known) this.#remove(known);
      if (this.#insert(item, holds)) this.#welcome(item, isNew && !known);
      else this.#missed?.push(change);
    }
  }

  /**
   * @param {Item} item
   * @param {boolean} holds
   * @returns {boolean} false if it lies behind the link to older posts
   */
  #insert(item, holds) {
    const { position, revision } = item._livelog;
    const key = { position, id: item.id };
    const place = this.#posts.placeOf(key);
    if (place > 0 && place === this.#posts.length && this.#hasOlder) return false;
    const isNewest = place === this.#waiting && !this.isEmpty;
    const waits = place < this.#waiting || (isNewest && holds && isJustIn(item));
    this.#posts.insert({ ...key, revision, item, element: null });
    if (waits) this.#waiting += 1;
    this.#makeRoom(place, waits);
    return true;
  }

  /**
   * Moves the stretch that is shown by a post that came above it, or widens it by one within.
   *
   * @param {number} place
   * @param {boolean} waits
   */
  #makeRoom(place, waits) {
    if (waits || place < this.#start) this.#start += 1;
    if (waits || place <= this.#end) this.#end += 1;
  }

  /**
   * @param {Item} item
   * @param {boolean} isNew
   */
  #welcome(item, isNew) {
    if (!isNew) return;
    if (isJustIn(item)) {
      this.#arrived.push(item);
      this.#fresh.add(item.id);
      return;
    }
    // Others like it may lie between the posts behind the front page, and they are not announced.
    this.#keepFrontPage();
  }

  #keepFrontPage() {
    const count = this.#posts.length;
    if (count < FRONT_PAGE || (count === FRONT_PAGE && this.#hasOlder)) return;
    const place = this.#lastInView();
    if (place < FRONT_PAGE) this.#cut(FRONT_PAGE);
    else this.#doubt(FRONT_PAGE - 1);
  }

  /** @returns {number} the place of the last post that the reader can see */
  #lastInView() {
    const last = this.#options.inView?.()?.[1];
    const post = last && this.#posts.get(last.getAttribute('data-id') ?? '');
    return post ? this.#posts.placeOf(post) : 0;
  }

  /** @param {number} place from which on nobody knows whether the posts are all of the blog's */
  #doubt(place) {
    const post = this.#posts.at(place);
    if (post) this.#options.onDoubt?.(post);
  }

  /**
   * Keeps the newest posts; the others are behind the link at the end.
   *
   * @param {number} most
   */
  #cut(most) {
    for (const post of this.#posts.slice(most)) this.#remove(post);
    this.#leadToOlder();
  }

  /** @param {Post} post */
  #remove(post) {
    const place = this.#posts.placeOf(post);
    this.#posts.remove(post);
    this.#fresh.delete(post.id);
    if (place < this.#waiting) this.#waiting -= 1;
    if (place < this.#start) this.#start -= 1;
    if (place < this.#end) this.#end -= 1;
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
    this.#replace(post.element, renderEntry(item, this.#blog), item);
  }

  /**
   * @param {HTMLElement} article
   * @param {HTMLElement} fresh
   * @param {Item} item
   */
  #replace(article, fresh, item) {
    const { onCorrected } = this.#options;
    const before = onCorrected && /** @type {HTMLElement} */ (article.cloneNode(true));
    article.classList.remove('withdrawn');
    patchEntry(article, fresh);
    if (onCorrected && before) onCorrected({ item, article, before });
  }

  /** @param {import('../connection/stream.js').DeleteChange} change */
  #delete(change) {
    const post = this.#posts.get(change.id);
    if (post) this.#withdraw(post, change.isLate ?? false);
    else this.#missed?.push(change);
  }

  /**
   * A post that was on the page leaves a stub; one that waited never shows.
   *
   * @param {Post} post
   * @param {boolean} isLate
   */
  #withdraw(post, isLate) {
    const article = post.element;
    if (!article) {
      this.#remove(post);
    } else if (!post.isWithdrawn) {
      post.isWithdrawn = true;
      const stub = renderStub(post.position, new Date(), isLate);
      stub.dataset.revision = String(post.revision);
      keepHeight(article, () => {
        article.classList.add('withdrawn');
        patchEntry(article, stub);
      });
    }
  }

  /**
   * A post as a page of the server has it.
   *
   * @param {Omit<Post, 'serial' | 'isWithdrawn'>} fresh
   */
  #adopt(fresh) {
    const known = this.#posts.get(fresh.id);
    if (known && fresh.revision < known.revision) return;
    if (known?.position === fresh.position && fresh.element) {
      if (fresh.revision === known.revision && !known.isWithdrawn) return;
      known.revision = fresh.revision;
      known.isWithdrawn = false;
      known.item = null;
      known.element?.classList.remove('withdrawn');
      if (known.element) patchEntry(known.element, fresh.element);
      else known.element = fresh.element;
      return;
    }
    if (known) this.#remove(known);
    const place = this.#posts.placeOf(fresh);
    this.#posts.insert(fresh);
    if (place < this.#waiting) this.#waiting += 1;
    // Of those at the end only as many are shown as a frame has time for.
    if (place < this.#start) this.#start += 1;
    if (place < this.#end) this.#end += 1;
  }

  /**
   * Posts that are in both stay in place, so that the reader does not lose theirs; older ones stay below the gap.
   *
   * @param {import('../connection/stream.js').ResetChange} change whose items are the newest of the blog: fewer than a page only
   *   if there are no more
   * @param {boolean} holds
   */
  #reset({ items, gap, cursor, sure = new Date() }, holds) {
    const ids = new Set(items.map((item) => item.id));
    const oldest = items.length >= FRONT_PAGE ? keyOf(/** @type {Item} */ (items.at(-1))) : null;
    const isContinuous = items.some((item) => this.#posts.get(item.id)?.isWithdrawn === false);
    // What is no longer shown can be had again; that all of it is still so would have to be asked for.
    for (const post of this.#posts.slice(this.#end)) this.#remove(post);
    for (const post of this.#posts.slice()) {
      const isInRange = !oldest || !isNewer(oldest, post);
      if (isInRange && !ids.has(post.id)) this.#remove(post);
      // A history that began anew counts revisions anew.
      post.revision = 0;
    }
    this.#parts.older.hidden = true;
    for (const item of items) this.#put({ type: 'entry', cursor, item }, holds, false);
    const below = oldest ? this.#posts.at(this.#posts.placeOf(oldest) + 1) : undefined;
    if (oldest) this.#leadToOlder();
    // Where the newest reach down to what was here, nothing can be missing between.
    const isGap = oldest !== null && !isContinuous;
    if (gap && (isGap || gap.reason === 'epoch')) this.#options.onGap?.(gap, sure);
    if (!below || !oldest) return;
    if (gap && isGap) this.#gaps.push(gapMark(below, gap, sure, new Date(), olderThan(this.#blog, oldest)));
    this.#options.onDoubt?.(below);
  }

  /**
   * Lets go of what is too much, at the ends where the reader is not.
   *
   * @param {boolean} holds
   */
  #shed(holds) {
    while (this.#waiting > MOST_WAITING) {
      const post = /** @type {Post} */ (this.#posts.at(this.#waiting - 1));
      this.#remove(post);
      this.#gapBelowWaiting(post);
    }
    if (this.#posts.length > MOST_KEPT) this.#cut(Math.max(MOST_KEPT, this.#end));
    if (this.#end - this.#start <= MOST_SHOWN) return;
    const shown = holds ? this.#lastInView() - this.#start : 0;
    if (shown < MOST_SHOWN) this.#trimEnd();
    else this.#start = this.#end - MOST_SHOWN;
  }

  /** @param {Post} gone a post that waited */
  #gapBelowWaiting(gone) {
    const below = this.#posts.at(this.#waiting);
    const above = this.#posts.at(this.#waiting - 1);
    if (!below || !above) return;
    const [from, to] = [new Date(below.position), new Date(gone.position)];
    this.#gaps = this.#gaps.filter(({ key }) => key.id !== below.id);
    const gap = /** @type {const} */ ({ after: '', reason: 'slow' });
    this.#gaps.push(gapMark(below, gap, from, to, olderThan(this.#blog, above)));
  }

  #trimEnd() {
    this.#end = Math.min(this.#end, this.#start + MOST_SHOWN);
  }

  /**
   * One post more changes the number of all that are shown: that can wait until no more come.
   *
   * @param {HTMLElement[]} articles
   */
  #number(articles) {
    const all = this.#hasOlder ? -1 : this.#posts.length - this.#waiting;
    const places = new Map(this.#posts.slice(this.#start, this.#end).map((post, index) => [post.element, index]));
    for (const article of articles) {
      const index = places.get(article);
      if (index !== undefined) number(article, this.#start - this.#waiting + index + 1, all);
    }
  }

  /** Makes the document what it should be. */
  #show() {
    const posts = this.#posts.slice(this.#start, this.#end);
    const articles = posts.map((post) => this.#element(post));
    this.#number(articles.filter((article) => !article.hasAttribute('tabindex')));
    clearTimeout(this.#numbering);
    this.#numbering = setTimeout(() => this.#number(articles), QUIET);
    this.#gaps = this.#gaps.filter((gap) => !this.#isClosed(gap));
    this.#rail.show(this.#withMarks(articles));
    this.#parts.empty.hidden = !this.isEmpty;
    startDays(articles);
  }

  /**
   * Where the posts that are shown begin and end, a mark is shown only if it is known what stands on its other side.
   *
   * @param {HTMLElement[]} articles
   */
  #withMarks(articles) {
    const marks = [...this.#gaps, ...(this.#line ? [this.#line] : [])]
      .map(({ key, element }) => ({ place: this.#posts.placeOf(key) - this.#start, element }))
      .filter(({ place, element }) => place <= articles.length && place >= (element === this.#line?.element ? 1 : 0))
      .sort((one, other) => other.place - one.place);
    const all = [...articles];
    for (const { place, element } of marks) all.splice(place, 0, element);
    return all;
  }

  /**
   * A gap that is no longer one: nothing is left on one of its sides.
   *
   * @param {Mark} gap
   */
  #isClosed({ key }) {
    const place = this.#posts.placeOf(key);
    return place === 0 || place === this.#posts.length;
  }

  /** @param {Post} post */
  #element(post) {
    if (!post.element) {
      post.element = renderEntry(/** @type {Item} */ (post.item), this.#blog);
      post.item = null;
    }
    if (this.#fresh.delete(post.id)) markArrival(post.element);
    return post.element;
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
   * The posts that were missing are there, down to this one: the gap above another is that much smaller.
   *
   * @param {Key} below of the gap
   * @param {Key | undefined} last of those that came
   */
  narrowGap(below, last) {
    const gap = this.#gaps.find(({ key }) => key.id === below.id);
    if (!gap) return;
    if (!last || !isNewer(last, below)) this.#gaps = this.#gaps.filter((other) => other !== gap);
    else /** @type {HTMLAnchorElement} */ (gap.element.querySelector('a')).href = olderThan(this.#blog, last);
    this.#show();
  }
}

/** @param {HTMLElement} element */
function read(element) {
  const { id = '', position = '', revision } = element.dataset;
  return { id, position, revision: Number(revision), element, item: null };
}

/**
 * @param {Item} item
 * @returns {Key}
 */
const keyOf = ({ id, _livelog: { position } }) => ({ id, position });

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
