/**
 * The way back in time: near the end of the page the next older posts are there already, and near its beginning the
 * newer ones that gave them room. The address is that of the part of the history that is in view.
 */

import { localise } from '../reading/clock.js';
import { parsePage } from '../post/html.js';
import { partsInView } from './looking.js';
import { keepPlace } from './scroll.js';
import { addressOf, isNewer, olderThan, startingWith } from './posts.js';

/**
 * @typedef {import('./posts.js').Key} Key
 * @typedef {import('./timeline.js').Timeline} Timeline
 *
 * @typedef {{articles: HTMLElement[], isLast: boolean}} Page
 */

/** How far ahead posts are brought, in pixels. */
const AHEAD = 1_500;

/** What is in doubt is asked for once it has been quiet for so long, each reader at another moment. */
const DOUBT_AFTER = 500;
const DOUBT_SPREAD = 2_000;
const MOST_PAGES = 20;

const ADDRESS_AFTER = 300;
const TRY_AGAIN_AFTER = 10_000;

export class History {
  #blog;
  #timeline;
  #list;
  #link;
  #edges;
  /** One thing at a time. */
  #work = Promise.resolve();
  #isLoading = false;
  /** @type {ReturnType<typeof setTimeout> | undefined} */
  #doubting;
  /** @type {ReturnType<typeof setTimeout> | undefined} */
  #addressing;
  #triedAt = -TRY_AGAIN_AFTER;

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
    addEventListener('scroll', () => this.#addressSoon(), { passive: true });
    list.addEventListener('click', (event) => this.#fill(event));
  }

  /**
   * Posts from this one on may no longer be what the blog has: they are compared with the server's soon.
   *
   * @param {Key} newest
   */
  doubt(newest) {
    clearTimeout(this.#doubting);
    const wait = DOUBT_AFTER + Math.random() * DOUBT_SPREAD;
    this.#doubting = setTimeout(() => this.#then(() => this.#compare(newest)), wait);
  }

  /** @param {IntersectionObserverEntry[]} seen */
  #reached(seen) {
    for (const { isIntersecting, target } of seen) {
      if (!isIntersecting) continue;
      const isAbove = target.nextElementSibling === this.#list;
      if (isAbove ? this.#extendUp() : this.#extendDown()) this.#lookAgain(target);
    }
  }

  /**
   * An observer tells of changes only: if the edge is still in view, there is to be more.
   *
   * @param {Element} target
   */
  #lookAgain(target) {
    requestAnimationFrame(() => {
      this.#edges.unobserve(target);
      this.#edges.observe(target);
    });
  }

  #extendUp() {
    let isMore = false;
    keepPlace(this.#list, () => {
      isMore = this.#timeline.extendUp();
    }, true);
    return isMore;
  }

  #extendDown() {
    let isMore = false;
    keepPlace(this.#list, () => {
      isMore = this.#timeline.extendDown();
    });
    if (!isMore) void this.#load();
    return isMore;
  }

  async #load() {
    const above = this.#timeline.oldest;
    if (this.#isLoading || this.#link.closest('[hidden]') || this.#timeline.isFull || !above) return;
    this.#isLoading = true;
    const wait = this.#triedAt + TRY_AGAIN_AFTER - performance.now();
    if (wait > 0) await pause(wait);
    await this.#then(async () => {
      const found = await this.#merge(olderThan(this.#blog, above), above, false);
      this.#triedAt = found ? -TRY_AGAIN_AFTER : performance.now();
    });
    this.#isLoading = false;
    const below = this.#list.nextElementSibling;
    if (below) this.#lookAgain(below);
  }

  /** @param {Key} newest */
  async #compare(newest) {
    const oldest = this.#timeline.oldest;
    /** @type {Key | null} */
    let from = newest;
    let address = startingWith(this.#blog, newest);
    for (let pages = 0; from && pages < MOST_PAGES; pages += 1) {
      from = await this.#merge(address, from, pages === 0);
      if (!from || !oldest || !isNewer(from, oldest)) return;
      address = olderThan(this.#blog, from);
    }
  }

  /**
   * Fills a gap whose link was followed, as far as a page of the server goes.
   *
   * @param {MouseEvent} event
   */
  #fill(event) {
    const link = event.target instanceof Element ? event.target.closest('.gap a') : null;
    const gap = link && this.#timeline.gapAt(link);
    if (!gap || event.ctrlKey || event.metaKey || event.shiftKey) return;
    event.preventDefault();
    void this.#then(async () => {
      const last = await this.#merge(olderThan(this.#blog, gap.above), gap.above, false);
      if (last) keepPlace(this.#list, () => this.#timeline.narrowGap(gap.below, last), true);
    });
  }

  /**
   * Takes over a page of the server.
   *
   * @param {string} address
   * @param {Key} above the page begins below this post, or
   * @param {boolean} isIncluded with it
   * @returns {Promise<Key | null>} the last post of the page; null if there is none, or no page
   */
  async #merge(address, above, isIncluded) {
    const asked = this.#timeline.expect();
    const page = await fetchPage(address).catch(() => null);
    if (!page) {
      this.#timeline.giveUp();
      return null;
    }
    keepPlace(this.#list, () => this.#timeline.merge({ ...page, above, isIncluded, asked }));
    const last = page.articles.at(-1);
    return last ? { id: last.dataset.id ?? '', position: last.dataset.position ?? '' } : null;
  }

  /** @param {() => Promise<void>} work */
  #then(work) {
    this.#work = this.#work.then(work).catch(reportError);
    return this.#work;
  }

  #addressSoon() {
    clearTimeout(this.#addressing);
    this.#addressing = setTimeout(() => this.#address(), ADDRESS_AFTER);
  }

  #address() {
    const first = partsInView(this.#list)?.[0];
    const above = first && this.#timeline.pageAbove(first);
    const address = above ? olderThan(this.#blog, above) : addressOf(this.#blog, null);
    if (address !== location.pathname + location.search) history.replaceState(history.state, '', address);
  }
}

/**
 * A page of this server. Nothing in it is loaded before it is shown.
 *
 * @param {string} address
 * @returns {Promise<Page | null>} null if the server has no answer now
 */
async function fetchPage(address) {
  const response = await fetch(address, { cache: 'no-store', headers: { Accept: 'text/html' } });
  if (!response.ok) return null;
  const page = parsePage(await response.text());
  const timeline = page.getElementById('timeline');
  if (!timeline) return null;
  localise(timeline);
  const articles = /** @type {HTMLElement[]} */ ([...timeline.children].filter(({ localName }) => localName === 'article'));
  return { articles, isLast: page.querySelector('#older:not([hidden])') === null };
}

function edge() {
  const element = document.createElement('div');
  element.className = 'edge';
  return element;
}

/** @param {number} milliseconds */
function pause(milliseconds) {
  return new Promise((resolve) => {
    setTimeout(resolve, milliseconds);
  });
}
