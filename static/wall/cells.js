/**
 * The wall by source: a cell for each, with its state and its newest headlines. Of more sources than fit, those are shown
 * that changed last. A cell stays in its place while others change, so that people find it.
 */

import { say } from '../reading/words.js';
import { blank, fillHeadline, fillSource, part } from './card.js';
import { fit, overflows } from './fit.js';
import { cellGrid, setGrid, sizeOf } from './grid.js';
import { servedPost, Shelf, showChildren } from './shelf.js';
import { isNews } from './times.js';

/**
 * @typedef {import('../connection/messages.js').ItemChange} ItemChange
 * @typedef {import('../reading/sources.js').Source} Source
 * @typedef {{element: HTMLElement, posts: Shelf, title: string}} Cell
 */

/** Headlines that are kept of a source, as on the server, and those of a small cell. */
const MAX_HEADLINES = 8;
const MAX_SMALL = 4;

/** Grids of so many cells or more have small ones. */
const SMALL_FROM = 9;

/** Cells that are kept: more than fit on any screen, as on the server. */
const MAX_CELLS = 24;

export class Cells {
  #blog;
  #list;
  /** @type {Cell[]} the first ones are shown */
  #cells = [];
  /** Sources without a cell. */
  #more = 0;
  #capacity = 1;
  /** @type {string | null} of all sources, when their states were last read */
  #titles = null;

  /**
   * @param {string} blog
   * @param {HTMLElement} list
   */
  constructor(blog, list) {
    this.#blog = blog;
    this.#list = list;
    this.adopt(list);
  }

  get isEmpty() {
    return this.#cells.length === 0;
  }

  /** The position of the newest post; empty if there is none. */
  get newest() {
    return this.#cells.reduce((newest, { posts }) => (posts.newest > newest ? posts.newest : newest), '');
  }

  /**
   * Takes the cells of a page of the server. Those that are shown keep their places.
   *
   * @param {HTMLElement} list
   */
  adopt(list) {
    const places = new Map(this.#cells.slice(0, this.#capacity).map(({ title }, index) => [title, index]));
    const place = (/** @type {Cell} */ { title }) => places.get(title) ?? places.size;
    this.#cells = [.../** @type {HTMLCollectionOf<HTMLElement>} */ (list.children)].map(servedCell);
    this.#cells.sort((one, other) => place(one) - place(other));
    this.#more = Number(list.dataset.more);
  }

  /**
   * @param {ItemChange} change
   * @returns {boolean} true if the server has more headlines of this source
   */
  put({ type, item }) {
    const { source, position, revision } = item._livelog;
    const known = this.#cells.find(({ title }) => title === source.title);
    const cell = known ?? this.#newCell(source.title);
    if (!cell.posts.takes(position)) return false;
    const element = part(blank(), 'li');
    fillHeadline(element, item, this.#blog);
    element.classList.toggle('arrived', type === 'entry' && isNews(position));
    cell.posts.put({ id: item.id, position, revision, element });
    const state = stateOf(cell);
    if (position > (state.last ?? '')) state.last = position;
    if (state.state !== 'unreachable') state.state = 'fresh';
    this.#bringIn(cell);
    return !known;
  }

  /**
   * @param {string} id
   * @returns {boolean} true if the server may have other headlines of its source
   */
  remove(id) {
    return this.#cells.some(({ posts }) => posts.remove(id) && posts.length < MAX_SMALL);
  }

  /**
   * Shows the states of the sources.
   *
   * @param {Source[]} sources
   * @param {number} more sources that are not listed
   * @returns {boolean} true if there are other sources than before: a source gets its name with its first fetch
   */
  setStates(sources, more) {
    const listed = new Map(sources.map((source) => [source.title, source]));
    for (const cell of this.#cells) {
      const found = listed.get(cell.title);
      if (!found) continue;
      Object.assign(stateOf(cell), { state: found.state, last: found.last ?? '', since: found.since ?? '' });
    }
    this.#more = Math.max(sources.length + more - this.#cells.length, 0);
    const before = this.#titles;
    this.#titles = [...listed.keys()].sort().join('\n');
    return before !== null && before !== this.#titles;
  }

  /** Shows as many cells as fit, and in them as many headlines. */
  show() {
    const grid = cellGrid(this.#cells.length + this.#more, sizeOf(this.#list));
    setGrid(this.#list, grid);
    this.#capacity = grid.capacity;
    const shown = this.#cells.slice(0, grid.capacity);
    showChildren(this.#list, shown.map(({ element }) => element));
    for (const cell of shown) showHeadlines(cell, grid.capacity < SMALL_FROM ? MAX_HEADLINES : MAX_SMALL);
    const rest = document.getElementById('rest');
    const hidden = this.#cells.length + this.#more - shown.length;
    if (rest) rest.textContent = hidden > 0 ? say('{n} more sources', { n: hidden }) : '';
  }

  /** @param {string} title */
  #newCell(title) {
    const element = blank();
    fillSource(element, title);
    element.dataset.title = title;
    const cell = { element, posts: new Shelf(MAX_HEADLINES), title };
    part(element, 'ul').replaceChildren();
    Object.assign(stateOf(cell), { state: 'fresh', last: '', since: '' });
    if (this.#cells.length === MAX_CELLS) this.#cells.pop();
    this.#cells.push(cell);
    return cell;
  }

  /**
   * Has a cell shown, in the place of the one that changed longest ago.
   *
   * @param {Cell} cell
   */
  #bringIn(cell) {
    const index = this.#cells.indexOf(cell);
    if (index < this.#capacity) return;
    const shown = this.#cells.slice(0, this.#capacity);
    const oldest = shown.reduce((one, other) => (other.posts.newest < one.posts.newest ? other : one));
    const place = this.#cells.indexOf(oldest);
    this.#cells.splice(index, 1);
    this.#cells.splice(place, 1, cell);
    this.#cells.splice(this.#capacity, 0, oldest);
  }
}

/**
 * @param {HTMLElement} element
 * @returns {Cell}
 */
function servedCell(element) {
  const posts = new Shelf(MAX_HEADLINES);
  posts.replace([...element.querySelectorAll('li')].map(servedPost));
  return { element, posts, title: element.dataset.title ?? '' };
}

/** @param {Cell} cell */
const stateOf = ({ element }) => part(element, '.wall-state').dataset;

/**
 * @param {Cell} cell
 * @param {number} most
 */
function showHeadlines({ element, posts }, most) {
  fit(part(element, '.wall-source'));
  const list = part(element, 'ul');
  showChildren(list, posts.elements(most));
  for (const line of list.querySelectorAll('li')) {
    const headline = part(line, '.headline');
    fit(headline, part(headline, 'a'));
  }
  while (list.children.length > 1 && overflows(list)) list.lastElementChild?.remove();
}
