/**
 * The newest posts of a blog or a source, in their order. Of others nothing is kept, however long the wall is open.
 *
 * @typedef {object} Post
 * @property {string} id
 * @property {string} position
 * @property {number} revision
 * @property {HTMLElement} element
 */

export class Shelf {
  #limit;
  /** @type {Post[]} newest first */
  #posts = [];

  /** @param {number} limit */
  constructor(limit) {
    this.#limit = limit;
  }

  get length() {
    return this.#posts.length;
  }

  /** The position of the newest post; empty if there is none. */
  get newest() {
    return this.#posts[0]?.position ?? '';
  }

  /** @param {number} count */
  elements(count) {
    return this.#posts.slice(0, count).map(({ element }) => element);
  }

  /**
   * True if a post would be kept: it is not older than all others.
   *
   * @param {string} position
   */
  takes(position) {
    const last = this.#posts.at(-1);
    return this.length < this.#limit || !last || position > last.position;
  }

  /**
   * Adds a post, or replaces it by a newer revision.
   *
   * @param {Post} post
   */
  put(post) {
    const known = this.#posts.find(({ id }) => id === post.id);
    if (known && known.revision > post.revision) return;
    this.remove(post.id);
    const index = this.#posts.findIndex(({ position }) => position < post.position);
    this.#posts.splice(index < 0 ? this.length : index, 0, post);
    this.#posts.length = Math.min(this.length, this.#limit);
  }

  /**
   * @param {string} id
   * @returns {boolean} true if the post was here
   */
  remove(id) {
    const before = this.length;
    this.#posts = this.#posts.filter((post) => post.id !== id);
    return this.length < before;
  }

  /**
   * Replaces all posts. Those that have not changed keep their elements.
   *
   * @param {Post[]} posts newest first
   */
  replace(posts) {
    const known = new Map(this.#posts.map((post) => [post.id, post]));
    this.#posts = posts.slice(0, this.#limit).map((post) => {
      const own = known.get(post.id);
      return own?.revision === post.revision ? own : post;
    });
  }
}

/**
 * A post that the server rendered.
 *
 * @param {HTMLElement} element
 * @returns {Post}
 */
export function servedPost(element) {
  const { id = '', position = '', revision = '1' } = element.dataset;
  return { id, position, revision: Number(revision), element };
}

/**
 * Makes the children of an element equal to these. Those that stay are not moved.
 *
 * @param {Element} parent
 * @param {Element[]} wanted
 */
export function showChildren(parent, wanted) {
  const kept = new Set(wanted);
  for (const child of [...parent.children]) {
    if (!kept.has(child)) child.remove();
  }
  for (const [index, child] of wanted.entries()) {
    if (parent.children[index] !== child) parent.insertBefore(child, parent.children[index] ?? null);
  }
}
