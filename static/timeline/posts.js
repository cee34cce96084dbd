/**
 * The posts that the page keeps, newest first, and the window of them that is in the document. Indexes only, no DOM:
 *
 *     0 … waiting    held back until the reader asks for them
 *     start … end    in the document, with waiting ≤ start ≤ end ≤ length
 *
 * @typedef {import('../post/post.js').Item} Item
 *
 * @typedef {{position: string, id: string}} Key the order of posts: by position, then by id
 *
 * @typedef {object} Post
 * @property {string} id
 * @property {string} position
 * @property {number} revision
 * @property {Item | null} item null once it is rendered
 * @property {HTMLElement | null} element null until it is rendered
 * @property {boolean} isWithdrawn
 * @property {number} serial grows with each insertion
 *
 * @typedef {Omit<Post, 'serial' | 'isWithdrawn'>} NewPost
 *
 * @typedef {object} Range of the blog that a page of the server lists
 * @property {Key} above the range begins below this post, or
 * @property {boolean} isIncluded with it
 * @property {Key | undefined} last the oldest post of the page; undefined if the page is empty
 * @property {boolean} isLast the blog has no older posts
 */

/** Posts in the document: a browser is slow with thousands. */
export const MAX_SHOWN = 400;

/** Posts that the page keeps; older ones are behind the link at its end. */
export const MAX_KEPT = 5_000;

/** Posts that wait; if more arrive, the oldest are replaced by a gap. */
export const MAX_WAITING = 1_000;

/** Posts on a page of the server. */
export const FRONT_PAGE = 50;

/** Posts that are put into the document at a time: a frame's work. */
const STEP = 25;

export class Posts {
  /** @type {Post[]} */
  #all = [];
  /** @type {Map<string, Post>} */
  #byId = new Map();
  #serial = 0;
  #waiting = 0;
  #start = 0;
  #end = 0;

  /** @param {Iterable<NewPost>} [shown] the posts that are in the document already */
  constructor(shown = []) {
    for (const post of shown) this.insert(post, { isShownAtEnd: true });
  }

  get length() {
    return this.#all.length;
  }

  /** The number of insertions until now. */
  get serial() {
    return this.#serial;
  }

  get waiting() {
    return this.#waiting;
  }

  get start() {
    return this.#start;
  }

  get end() {
    return this.#end;
  }

  /** True if the only newer posts are the waiting ones. */
  get isAtNewest() {
    return this.#start === this.#waiting;
  }

  /** True if the oldest post is in the document. */
  get isAtOldest() {
    return this.#end === this.length;
  }

  get isFull() {
    return this.length >= MAX_KEPT;
  }

  /** @param {number} index */
  at(index) {
    return this.#all.at(index);
  }

  /** @param {string | null | undefined} id */
  get(id) {
    return this.#byId.get(id ?? '');
  }

  /**
   * @param {number} [start]
   * @param {number} [end]
   */
  slice(start, end) {
    return this.#all.slice(start, end);
  }

  /** The posts that belong into the document. */
  shown() {
    return this.slice(this.#start, this.#end);
  }

  /**
   * The index of the post with this key, or the one at which it would be inserted.
   *
   * @param {Key} key
   */
  indexOf(key) {
    let low = 0;
    let high = this.#all.length;
    while (low < high) {
      const middle = (low + high) >> 1;
      if (isNewer(/** @type {Post} */ (this.#all[middle]), key)) low = middle + 1;
      else high = middle;
    }
    return low;
  }

  /**
   * Inserts a post. The window moves with the posts in it.
   *
   * @param {NewPost} post
   * @param {{mayWait?: boolean, isShownAtEnd?: boolean}} [options] mayWait: a post newer than those shown waits;
   *   isShownAtEnd: a post right below those shown is shown, too
   */
  insert(post, { mayWait = false, isShownAtEnd = false } = {}) {
    const index = this.indexOf(post);
    const waits = index < this.#waiting || (mayWait && index === this.#waiting && this.length > 0);
    this.#serial += 1;
    const kept = { ...post, isWithdrawn: false, serial: this.#serial };
    this.#all.splice(index, 0, kept);
    this.#byId.set(post.id, kept);
    if (waits) this.#waiting += 1;
    if (waits || index < this.#start) this.#start += 1;
    if (waits || index < this.#end || (isShownAtEnd && index === this.#end)) this.#end += 1;
  }

  /** @param {Post} post */
  remove(post) {
    const index = this.indexOf(post);
    this.#all.splice(index, 1);
    this.#byId.delete(post.id);
    if (index < this.#waiting) this.#waiting -= 1;
    if (index < this.#start) this.#start -= 1;
    if (index < this.#end) this.#end -= 1;
  }

  /**
   * Ends the wait of all posts. Of many, only the oldest enter the document now; the others follow as the reader
   * gets near them.
   *
   * @returns {number} how many waited
   */
  release() {
    const count = this.#waiting;
    this.#waiting = 0;
    if (this.#start > count) this.#end = Math.min(count + STEP, this.length);
    this.#start = count > 2 * STEP ? count - STEP : 0;
    this.#trimEnd();
    return count;
  }

  /** Leaves the newest posts that don't wait in the window; false if it has no others. */
  dropOlder() {
    const end = Math.min(this.#start + 2 * STEP, this.length);
    if (!this.isAtNewest || end >= this.#end) return false;
    this.#end = end;
    return true;
  }

  /** Extends the window by newer posts; false if there are none. */
  extendUp() {
    if (this.isAtNewest) return false;
    this.#start = Math.max(this.#start - STEP, this.#waiting);
    this.#trimEnd();
    return true;
  }

  /** Extends the window by older posts; false if there are none. */
  extendDown() {
    if (this.isAtOldest) return false;
    this.#end = Math.min(this.#end + STEP, this.length);
    this.#start = Math.max(this.#start, this.#end - MAX_SHOWN);
    return true;
  }

  /** Moves the window to the newest posts that don't wait; false if it is there. */
  showNewest() {
    if (this.isAtNewest) return false;
    this.#start = this.#waiting;
    this.#end = Math.min(this.#start + 2 * STEP, this.length);
    return true;
  }

  /**
   * Shrinks the window to MAX_SHOWN, at the end that the reader can't see.
   *
   * @param {() => number} lastInView finds the index of the last post that the reader sees: a layout
   */
  trim(lastInView) {
    if (this.#end - this.#start <= MAX_SHOWN) return;
    if (lastInView() - this.#start < MAX_SHOWN) this.#trimEnd();
    else this.#start = this.#end - MAX_SHOWN;
  }

  #trimEnd() {
    this.#end = Math.min(this.#end, this.#start + MAX_SHOWN);
  }

  /**
   * The post above the page of the history that a post is on.
   *
   * @param {Key} post
   * @returns {Key | null} null on the front page
   */
  pageAbove(post) {
    const index = this.indexOf(post) - this.#waiting;
    const begin = index - (index % FRONT_PAGE);
    return begin > 0 ? (this.at(this.#waiting + begin - 1) ?? null) : null;
  }

  /**
   * The posts that a page of the server has to list, unless the blog has them no more.
   *
   * @param {Range} range
   */
  within({ above, isIncluded, last, isLast }) {
    const isBelow = (/** @type {Post} */ post) => isNewer(above, post) || (isIncluded && post.id === above.id);
    return this.#all.filter((post) => isBelow(post) && (isLast || (last !== undefined && !isNewer(last, post))));
  }
}

/**
 * @param {Key} one
 * @param {Key} other
 */
export function isNewer(one, other) {
  return one.position === other.position ? one.id > other.id : one.position > other.position;
}
