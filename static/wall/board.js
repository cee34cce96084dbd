/** The board: the newest posts of the blog as cards, the newest of them large. */

import { followPictures, part, renderCard } from './card.js';
import { fit } from './fit.js';
import { boardGrid, setGrid, sizeOf } from './grid.js';
import { servedPost, Shelf, showChildren } from './shelf.js';
import { isNews } from './times.js';

/** @typedef {import('../connection/messages.js').ItemChange} ItemChange */

/** Posts that are kept: more than fit on any screen, as on the server. */
const MAX_KEPT = 60;

/** If fewer are left after a withdrawal, older ones are fetched. */
const MIN_KEPT = 40;

export class Board {
  #blog;
  #list;
  #posts = new Shelf(MAX_KEPT);
  /** True if the blog may have older posts than those kept. */
  #hasOlder = false;

  /**
   * @param {string} blog
   * @param {HTMLElement} list
   */
  constructor(blog, list) {
    this.#blog = blog;
    this.#list = list;
    this.adopt(list);
    followPictures(list, () => this.show());
  }

  get isEmpty() {
    return this.#posts.length === 0;
  }

  /** The position of the newest post; empty if there is none. */
  get newest() {
    return this.#posts.newest;
  }

  /**
   * Takes the posts of a page of the server.
   *
   * @param {Element} list
   */
  adopt(list) {
    this.#posts.replace([.../** @type {HTMLCollectionOf<HTMLElement>} */ (list.children)].map(servedPost));
    this.#hasOlder = this.#posts.length === MAX_KEPT;
  }

  /** @param {ItemChange} change */
  put({ type, item }) {
    const { position, revision } = item._livelog;
    if (!this.#posts.takes(position)) return;
    const element = renderCard(item, this.#blog);
    element.classList.toggle('arrived', type === 'entry' && isNews(position));
    this.#posts.put({ id: item.id, position, revision, element });
  }

  /**
   * @param {string} id
   * @returns {boolean} true if the server may have posts that the board needs now
   */
  remove(id) {
    return this.#posts.remove(id) && this.#hasOlder && this.#posts.length < MIN_KEPT;
  }

  /** Shows as many posts as fit. */
  show() {
    const grid = boardGrid(this.#posts.length, sizeOf(this.#list));
    setGrid(this.#list, grid);
    const cards = this.#posts.elements(grid.capacity);
    showChildren(this.#list, cards);
    for (const [index, card] of cards.entries()) showCard(card, index === 0);
  }
}

/**
 * @param {HTMLElement} card
 * @param {boolean} isLead
 */
function showCard(card, isLead) {
  fit(part(card, '.wall-source'));
  const headline = part(card, '.headline');
  fit(headline, part(headline, 'a'));
  const text = /** @type {HTMLElement | null} */ (card.querySelector('.wall-text'));
  if (isLead && text) fit(text);
}
