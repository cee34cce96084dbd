/**
 * Older posts: fetched before the reader gets to the end of the page, compared with the server's where they may have
 * changed, and in the page's address.
 */

import { pause, requestPage } from '../connection/request.js';
import { markFoldable } from '../post/open.js';
import { localise } from '../reading/clock.js';
import { addressOf, olderThan, startingWith } from './addresses.js';
import { isNewer } from './posts.js';
import { keepScroll, partsInView } from './scroll.js';

/**
 * @typedef {import('./posts.js').Key} Key
 * @typedef {import('./timeline.js').Timeline} Timeline
 *
 * @typedef {object} Page
 * @property {HTMLElement[]} articles
 * @property {boolean} isLast
 * @property {HTMLAnchorElement | null} partial the link on, if the server's scan ended before the page was full
 */

/** Pixels ahead of the window in which posts are added. */
const AHEAD = 1_500;

/** Milliseconds until posts that may be stale are fetched again, with jitter so that pages do not ask together. */
const COMPARE_DELAY = 500;
const COMPARE_JITTER = 2_000;
const MAX_COMPARED_PAGES = 20;

const ADDRESS_DELAY = 300;

/** The embed has a link to the blog at its end instead, and no other address may be framed. */
const IS_EMBED = document.body.dataset.view === 'embed';
const RETRY_INTERVAL = 10_000;

export class History {
  #blog;
  #timeline;
  #list;
  #link;
  #edges;
  /** The requests, one after the other. */
  #work = Promise.resolve();
  #isLoading = false;
  /** @type {ReturnType<typeof setTimeout> | undefined} */
  #comparing;
  /** @type {ReturnType<typeof setTimeout> | undefined} */
  #addressing;
  #failedAt = -RETRY_INTERVAL;

  /**
   * @param {string} blog
   * @param {Timeline} timeline
   * @param {{list: HTMLElement, older: HTMLElement}} parts
   */
  constructor(blog, timeline, { list, older }) {
    this.#blog = blog;
    this.#timeline = timeline;
    this.#list = list;
    this.#link = /** @type {HTMLAnchorElement} */ (older.querySelector('a'));
    const [above, below] = [edge(), edge()];
    list.before(above);
    list.after(below);
    this.#edges = new IntersectionObserver((seen) => this.#reached(seen), { rootMargin: `${AHEAD}px 0px` });
    this.#edges.observe(above);
    this.#edges.observe(below);
    if (!IS_EMBED) addEventListener('scroll', () => this.#updateAddressSoon(), { passive: true });
    list.addEventListener('click', (event) => this.#fillGap(event));
  }

  /**
   * Compares the posts from this one on with the server's, soon.
   *
   * @param {Key} newest
   */
  compareFrom(newest) {
    clearTimeout(this.#comparing);
    const delay = COMPARE_DELAY + Math.random() * COMPARE_JITTER;
    this.#comparing = setTimeout(() => this.#then(() => this.#compare(newest)), delay);
  }

  /** @param {IntersectionObserverEntry[]} seen */
  #reached(seen) {
    for (const { isIntersecting, target } of seen) {
      if (!isIntersecting) continue;
      const isAbove = target.nextElementSibling === this.#list;
      if (isAbove ? this.#extendUp() : this.#extendDown()) this.#observeAgain(target);
    }
  }

  /**
   * An observer reports changes only: observed again, an edge that is still in view is reported.
   *
   * @param {Element} target
   */
  #observeAgain(target) {
    requestAnimationFrame(() => {
      this.#edges.unobserve(target);
      this.#edges.observe(target);
    });
  }

  #extendUp() {
    let isMore = false;
    keepScroll(this.#list, () => {
      isMore = this.#timeline.extendUp();
    }, true);
    return isMore;
  }

  #extendDown() {
    let isMore = false;
    keepScroll(this.#list, () => {
      isMore = this.#timeline.extendDown();
    });
    if (!isMore) void this.#load();
    return isMore;
  }

  async #load() {
    const above = this.#timeline.oldest;
    if (IS_EMBED || this.#isLoading || this.#link.closest('[hidden]') || this.#timeline.isFull || !above) return;
    // The server's scan ended before the page was full: the reader decides whether to search on.
    if (this.#link.dataset.partial !== undefined) return;
    this.#isLoading = true;
    await pause(this.#failedAt + RETRY_INTERVAL - performance.now());
    await this.#then(async () => {
      const last = await this.#merge(olderThan(this.#blog, above), above, false);
      this.#failedAt = last ? -RETRY_INTERVAL : performance.now();
    });
    this.#isLoading = false;
    const below = this.#list.nextElementSibling;
    if (below) this.#observeAgain(below);
  }

  /** @param {Key} newest */
  async #compare(newest) {
    const oldest = this.#timeline.oldest;
    /** @type {Key | null} */
    let from = newest;
    let address = startingWith(this.#blog, newest);
    for (let pages = 0; from && pages < MAX_COMPARED_PAGES; pages += 1) {
      from = await this.#merge(address, from, pages === 0);
      if (!from || !oldest || !isNewer(from, oldest)) return;
      address = olderThan(this.#blog, from);
    }
  }

  /**
   * Fills a gap whose link was clicked with one page of the server.
   *
   * @param {MouseEvent} event
   */
  #fillGap(event) {
    const link = event.target instanceof Element ? event.target.closest('.gap a') : null;
    const gap = link && this.#timeline.gapAt(link);
    if (!gap || event.ctrlKey || event.metaKey || event.shiftKey) return;
    event.preventDefault();
    void this.#then(async () => {
      const last = await this.#merge(olderThan(this.#blog, gap.above), gap.above, false);
      if (last) keepScroll(this.#list, () => this.#timeline.narrowGap(gap.below, last), true);
    });
  }

  /**
   * Merges a page of the server into the timeline.
   *
   * @param {string} address
   * @param {Key} above the page begins below this post, or
   * @param {boolean} isIncluded with it
   * @returns {Promise<Key | null>} the last post of the page; null without one
   */
  async #merge(address, above, isIncluded) {
    const asked = this.#timeline.expect();
    const page = pageOf(await requestPage(address));
    if (!page) {
      this.#timeline.giveUp();
      return null;
    }
    keepScroll(this.#list, () => this.#timeline.merge({ ...page, above, isIncluded, asked }));
    if (page.partial) this.#replaceLink(page.partial);
    const last = page.articles.at(-1);
    return last ? { id: last.dataset.id ?? '', position: last.dataset.position ?? '' } : null;
  }

  /** @param {HTMLAnchorElement} link from a page of the server */
  #replaceLink(link) {
    this.#link.replaceWith(link);
    this.#link = link;
  }

  /** @param {() => Promise<void>} work */
  #then(work) {
    this.#work = this.#work.then(work).catch(reportError);
    return this.#work;
  }

  #updateAddressSoon() {
    clearTimeout(this.#addressing);
    this.#addressing = setTimeout(() => this.#updateAddress(), ADDRESS_DELAY);
  }

  #updateAddress() {
    const first = partsInView(this.#list)?.[0];
    const above = first && this.#timeline.pageAbove(first);
    const address = above ? olderThan(this.#blog, above) : addressOf(this.#blog, null);
    if (address !== location.pathname + location.search) history.replaceState(history.state, '', address);
  }
}

/**
 * @param {Document | null} page
 * @returns {Page | null} null if it is no page of posts
 */
function pageOf(page) {
  const timeline = page?.getElementById('timeline');
  if (!page || !timeline) return null;
  localise(timeline);
  markFoldable(timeline);
  const articles = /** @type {HTMLElement[]} */ ([...timeline.children].filter(({ localName }) => localName === 'article'));
  const partial = /** @type {HTMLAnchorElement | null} */ (page.querySelector('#older a[data-partial]'));
  return { articles, isLast: page.querySelector('#older:not([hidden])') === null, partial };
}

function edge() {
  const element = document.createElement('div');
  element.className = 'edge';
  return element;
}
