/**
 * The posts that the page has, newest first: by position, then by id. Not all of them are shown.
 *
 * @typedef {import('../post/post.js').Item} Item
 *
 * @typedef {{position: string, id: string}} Key where a post stands
 *
 * @typedef {object} Post
 * @property {string} id
 * @property {string} position
 * @property {number} revision
 * @property {Item | null} item what it is rendered from, where it is not rendered yet
 * @property {HTMLElement | null} element
 * @property {boolean} isWithdrawn
 * @property {number} serial when it came, compared with others
 */

export class Posts {
  /** @type {Post[]} */
  #all = [];
  /** @type {Map<string, Post>} */
  #byId = new Map();
  #serial = 0;

  get length() {
    return this.#all.length;
  }

  /** The number of the post that came last. */
  get serial() {
    return this.#serial;
  }

  /** @param {number} index */
  at(index) {
    return this.#all.at(index);
  }

  /** @param {string} id */
  get(id) {
    return this.#byId.get(id);
  }

  /**
   * @param {number} [start]
   * @param {number} [end]
   */
  slice(start, end) {
    return this.#all.slice(start, end);
  }

  /**
   * How many posts are newer: the index at which one of this key stands, or would.
   *
   * @param {Key} key
   */
  placeOf(key) {
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
   * @param {Omit<Post, 'serial' | 'isWithdrawn'>} post
   * @returns {Post}
   */
  insert(post) {
    this.#serial += 1;
    const kept = { ...post, isWithdrawn: false, serial: this.#serial };
    this.#all.splice(this.placeOf(post), 0, kept);
    this.#byId.set(post.id, kept);
    return kept;
  }

  /** @param {Post} post */
  remove(post) {
    this.#all.splice(this.placeOf(post), 1);
    this.#byId.delete(post.id);
  }
}

/**
 * @param {Key} one
 * @param {Key} other
 */
export function isNewer(one, other) {
  return one.position === other.position ? one.id > other.id : one.position > other.position;
}

/**
 * The page that goes on from a post, with what else the address of this one says: the `before` of the server is
 * a position in microseconds, and an id.
 *
 * @param {string} blog
 * @param {Key} key
 */
export const olderThan = (blog, { position, id }) => addressOf(blog, `${micros(position)}-${id}`);

/**
 * The page that begins with a post.
 *
 * @param {string} blog
 * @param {Key} key
 */
export const startingWith = (blog, { position }) => addressOf(blog, `${micros(position) + 1}-a`);

/**
 * @param {string} blog
 * @param {string | null} before
 */
export function addressOf(blog, before) {
  const query = new URLSearchParams(location.search);
  query.delete('before');
  if (before) query.set('before', before);
  return `/${blog}/${query.size > 0 ? `?${query}` : ''}`;
}

/** @param {string} position */
function micros(position) {
  const [second, fraction = '0'] = position.replace('Z', '').split('.');
  return Date.parse(`${second}Z`) * 1000 + Number(fraction.padEnd(6, '0'));
}
