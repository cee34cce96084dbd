/**
 * The top of the page: links to the key events of the blog, and its pinned post. The server renders both
 * (templates/key_events.html); here they follow the changes of the blog.
 *
 * @typedef {import('../post/post.js').Item} Item
 * @typedef {import('../connection/messages.js').Change} Change
 *
 * @typedef {object} Known a post that has the tag
 * @property {string} id
 * @property {string} position
 * @property {HTMLElement} element
 */

import { jittered, pause, requestPage } from '../connection/request.js';
import { excerpt, headlineOf } from '../post/headline.js';
import { shortName } from '../post/names.js';
import { shownAt } from '../post/shown-at.js';
import { readOn } from '../post/post.js';
import { addressOf, permalink } from '../timeline/addresses.js';
import { isNewer } from '../timeline/posts.js';
import { keepScroll } from '../timeline/scroll.js';
import { localise } from './clock.js';
import { say } from './words.js';

const MAX_LINKS = 5;

/** Posts that are known, to take the place of withdrawn ones. */
const MAX_KEPT = 20;

/** Milliseconds until the page asks the server, with jitter so that pages do not ask together. */
const ASK_DELAY = 2_000;

export class KeyEvents {
  #blog;
  /** @type {Strip[]} */
  #strips = [];
  #isAsking = false;

  /** @param {string} blog */
  constructor(blog) {
    this.#blog = blog;
    const [links, pinned] = ['key-events', 'pinned'].map((id) => document.getElementById(id));
    if (links) this.#strips.push(new Strip(links, linkOf(blog), MAX_LINKS));
    if (pinned) this.#strips.push(new Strip(pinned, articleOf(blog), 1));
    links?.addEventListener('click', ({ target }) => {
      const link = target instanceof Element ? target.closest('a') : null;
      if (link) pointTo(link, blog);
    });
  }

  /** @param {Change} change */
  apply(change) {
    let isShort = change.type === 'reset';
    for (const strip of this.#strips) {
      if (change.type === 'delete') strip.remove(change.id);
      else if (change.type !== 'reset') strip.put(change.item);
      isShort ||= strip.isShort;
    }
    if (isShort) void this.#ask();
  }

  /** Takes both from the server's page: the posts that would be next are not known here. */
  async #ask() {
    if (this.#isAsking || this.#strips.length === 0) return;
    this.#isAsking = true;
    await pause(jittered(ASK_DELAY));
    this.#isAsking = false;
    const page = await requestPage(addressOf(this.#blog, null));
    if (page) for (const strip of this.#strips) strip.replaceFrom(page);
  }
}

/** A list of elements, newest first, of which the first ones are in the document. */
class Strip {
  #part;
  #list;
  #tag;
  #render;
  #count;
  #hasMore;
  /** @type {Known[]} */
  #known;

  /**
   * @param {HTMLElement} part
   * @param {(item: Item) => HTMLElement} render
   * @param {number} count of elements that are shown
   */
  constructor(part, render, count) {
    this.#part = part;
    this.#list = part.querySelector('ol') ?? part;
    this.#tag = part.dataset.tag ?? '';
    this.#render = render;
    this.#count = count;
    this.#known = [...this.#list.querySelectorAll('[data-id]')].map(knownOf);
    this.#hasMore = part.dataset.more !== undefined;
    localise(part);
  }

  /** True if a post was removed and none that is known takes its place. */
  get isShort() {
    return this.#hasMore && this.#known.length < this.#count;
  }

  /** @param {Item} item that was published or corrected */
  put(item) {
    const isTagged = item.tags?.includes(this.#tag) ?? false;
    const at = this.#known.findIndex(({ id }) => id === item.id);
    if (!isTagged) {
      if (at >= 0) this.remove(item.id);
      return;
    }
    if (at >= 0) this.#known.splice(at, 1);
    this.#insert(knownOf(this.#render(item)));
    this.#show();
  }

  /** @param {string} withdrawn */
  remove(withdrawn) {
    const kept = this.#known.filter(({ id }) => id !== withdrawn);
    if (kept.length === this.#known.length) return;
    // The post before the pinned one is known to the server alone.
    if (this.#count === 1) this.#hasMore = true;
    this.#known = kept;
    this.#show();
  }

  /** @param {Document} page of the server */
  replaceFrom(page) {
    const part = page.getElementById(this.#part.id);
    if (!part) return;
    this.#known = [...part.querySelectorAll('[data-id]')].map((element) => knownOf(document.adoptNode(element)));
    this.#hasMore = part.dataset.more !== undefined;
    this.#show();
    localise(this.#part);
  }

  /** @param {Known} known */
  #insert(known) {
    const at = this.#known.findIndex((other) => isNewer(known, other));
    this.#known.splice(at < 0 ? this.#known.length : at, 0, known);
    if (this.#known.length > MAX_KEPT) {
      this.#known.pop();
      this.#hasMore = true;
    }
  }

  #show() {
    const elements = this.#known.slice(0, this.#count).map(({ element }) => element);
    const timeline = document.getElementById('timeline') ?? this.#part;
    keepScroll(timeline, () => this.#replace(elements));
  }

  /** @param {HTMLElement[]} elements */
  #replace(elements) {
    const focused = this.#list.contains(document.activeElement) ? document.activeElement : null;
    this.#list.replaceChildren(...elements);
    if (focused instanceof HTMLElement && focused.isConnected) focused.focus({ preventScroll: true });
    this.#part.hidden = elements.length === 0;
  }
}

/**
 * @param {Element} element
 * @returns {Known}
 */
function knownOf(element) {
  const { id = '', position = '' } = /** @type {HTMLElement} */ (element).dataset;
  return { id, position, element: /** @type {HTMLElement} */ (element) };
}

/**
 * Points a link to the post on this page if the document has it, else to its own page.
 *
 * @param {HTMLAnchorElement} link
 * @param {string} blog
 */
function pointTo(link, blog) {
  const id = link.closest('li')?.dataset.id ?? '';
  const isHere = document.getElementById(`e-${id}`) !== null;
  link.href = isHere ? `#e-${id}` : permalink(blog, id);
  // In an iframe, other links open in a new tab.
  if (isHere) link.target = '_self';
  else link.removeAttribute('target');
}

/**
 * @param {string} blog
 * @returns {(item: Item) => HTMLElement}
 */
function linkOf(blog) {
  return (item) => {
    const link = document.createElement('a');
    link.href = permalink(blog, item.id);
    link.append(timeOf(item), ' ', directed('span', '', headlineOf(item, 'headlines')));
    const entry = marked('li', item);
    entry.append(link);
    return entry;
  };
}

/**
 * @param {string} blog
 * @returns {(item: Item) => HTMLElement}
 */
function articleOf(blog) {
  return (item) => {
    const article = marked('article', item);
    article.className = 'pinned';
    const byline = document.createElement('p');
    byline.className = 'byline';
    const label = document.createElement('span');
    label.className = 'strip-name';
    label.textContent = say('Pinned');
    const source = document.createElement('bdi');
    source.textContent = shortName(item._livelog.source.title);
    byline.append(label, ' ', source, ' ', timeOf(item));
    const link = document.createElement('a');
    link.href = permalink(blog, item.id);
    link.textContent = headlineOf(item, 'headlines');
    const headline = directed('h2', 'headline', '');
    headline.append(link);
    article.append(byline, headline);
    const text = item.title ? item._livelog.preview?.text || excerpt(item) : '';
    if (text) article.append(directed('p', 'summary', text));
    if (item._livelog.preview) article.append(moreOf(item, blog));
    return article;
  };
}

/**
 * @param {Item} item
 * @param {string} blog
 */
function moreOf({ id, _livelog: { preview } }, blog) {
  const more = document.createElement('p');
  more.className = 'more';
  const link = document.createElement('a');
  link.className = 'read-on';
  link.href = permalink(blog, id);
  link.textContent = readOn(preview?.minutes);
  more.append(link);
  return more;
}

/**
 * @param {string} name
 * @param {Item} item
 */
function marked(name, { id, _livelog: { position } }) {
  const element = document.createElement(name);
  element.dataset.id = id;
  element.dataset.position = position;
  return element;
}

/**
 * @param {string} name
 * @param {string} className
 * @param {string} text
 */
function directed(name, className, text) {
  const element = document.createElement(name);
  if (className) element.className = className;
  element.dir = 'auto';
  element.textContent = text;
  return element;
}

/** @param {Item} item */
function timeOf(item) {
  const time = document.createElement('time');
  time.dateTime = shownAt(item);
  time.dataset.time = 'later';
  time.dataset.than = new Date().toISOString();
  const holder = document.createDocumentFragment();
  holder.append(time);
  localise(holder);
  return time;
}
