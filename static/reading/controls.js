/** The reader's controls beside the posts: keys, help, pause, the pill, sound and notifications. A wall has none. */

import { isWatchingTop, keepScroll, slideIn } from '../timeline/scroll.js';
import { lastVisit, rememberVisit } from '../timeline/visits.js';
import { helpDialog, signals } from './help.js';
import { goTo, keepFocus, listenToKeys } from './keys.js';
import { followWidth } from './menu.js';
import { Announcer, button, showInTab } from './notices.js';
import { postKeys } from './post-keys.js';
import { onReturn } from './release.js';
import { hasKeys } from './settings.js';
import { Signals } from './signals.js';
import { offerTop } from './top.js';
import { Tray } from './tray.js';
import { say } from './words.js';

/**
 * @typedef {import('../post/post.js').Item} Item
 * @typedef {import('../timeline/absence.js').Missed} Missed
 * @typedef {import('../timeline/arrival.js').Arrivals} Arrivals
 * @typedef {import('../timeline/timeline.js').Timeline} Timeline
 */

export class Controls {
  #blog;
  #timeline;
  #list;
  #tray;
  #announcer;
  #signals;
  #pause;

  /**
   * @param {string} blog
   * @param {{list: HTMLElement, notice: HTMLElement, state: HTMLElement}} parts
   * @param {Timeline} timeline
   * @param {Arrivals} arrivals
   */
  constructor(blog, { list, notice }, timeline, arrivals) {
    this.#blog = blog;
    this.#timeline = timeline;
    this.#list = list;
    this.#setRole();
    this.#tray = new Tray(notice, () => this.#release());
    this.#announcer = new Announcer();
    this.#signals = new Signals(blog, document.title);
    this.#pause = pauseButton((isPaused) => {
      if (!isPaused && timeline.waiting > 0) this.#release();
      else this.update();
    });
    const help = helpDialog();
    const bar = /** @type {HTMLElement} */ (document.querySelector('.bar-line'));
    bar.append(this.#pause.button, help.button);
    followWidth(bar, signals);
    listenToKeys(
      {
        ...postKeys(list, blog),
        n: () => this.#release(),
        p: () => this.#pause.toggle(),
        '?': help.toggle,
      },
      hasKeys,
    );
    onReturn({
      atTop: () => this.#releaseAtTop(),
      freed: () => {
        const items = timeline.waitingItems;
        if (items.length === timeline.waiting && arrivals.fit(items)) this.#releaseAtTop();
      },
    });
    offerTop(() => timeline.showNewest());
  }

  get isPaused() {
    return this.#pause.isPaused();
  }

  /** @param {Item[]} items that arrived */
  arrived(items) {
    this.#announcer.arrived(items.length);
    void this.#signals.arrived(items);
  }

  update() {
    this.#setRole();
    const { waiting } = this.#timeline;
    this.#pause.show(waiting);
    this.#tray.showWaiting(this.isPaused ? 0 : waiting);
    showInTab(this.#timeline.waiting);
  }

  /** Draws the line of the last visit, and remembers this one when the reader leaves. */
  followVisits() {
    const visit = lastVisit(this.#blog);
    const sentence = visit && this.#timeline.markVisit(visit);
    if (sentence) this.#tray.showVisit(sentence);
    const remember = () => {
      const newest = this.#timeline.newestShown;
      if (document.hidden && newest) rememberVisit(this.#blog, newest);
    };
    document.addEventListener('visibilitychange', remember);
  }

  /**
   * @param {number} milliseconds
   * @param {Missed} missed
   */
  showAbsence(milliseconds, missed) {
    this.#tray.showAbsence(milliseconds, missed);
  }

  /** @param {string} sentence */
  showSentence(sentence) {
    this.#tray.showSentence(sentence);
  }

  /** An empty list is no feed: a feed has articles (WAI-ARIA 1.2). */
  #setRole() {
    const isFeed = !this.#timeline.isEmpty;
    if (this.#list.hasAttribute('role') === isFeed) return;
    if (isFeed) {
      this.#list.setAttribute('role', 'feed');
      this.#list.setAttribute('aria-label', say('Posts'));
    } else {
      this.#list.removeAttribute('role');
      this.#list.removeAttribute('aria-label');
    }
  }

  /** Shows the waiting posts to a reader at the top, who stays there. */
  #releaseAtTop() {
    const timeline = this.#timeline;
    if (scrollY >= 1) timeline.showNewest();
    if (this.isPaused || timeline.waiting === 0 || !isWatchingTop(this.#list)) return;
    if (timeline.dropOlder()) {
      // In a task of its own, so that neither holds up a frame.
      setTimeout(() => this.#releaseAtTop());
      return;
    }
    keepFocus(this.#list, () => slideIn(this.#list, () => {
      timeline.release();
      timeline.showNewest();
    }));
    this.update();
    this.#tray.clear();
  }

  #release() {
    /** @type {HTMLElement | null} */
    let first = null;
    keepScroll(this.#list, () => {
      first = this.#timeline.release();
    });
    this.update();
    this.#tray.clear();
    if (first) goTo(first);
    else this.#announcer.announce(say('No unread posts'));
  }
}

/**
 * The button that holds new posts until it is pressed again: "Paused · 4 waiting".
 *
 * @param {(isPaused: boolean) => void} onToggle
 */
function pauseButton(onToggle) {
  const pause = button('quiet', '', toggle);
  pause.id = 'hold';
  pause.title = say('Hold new posts');
  let isPaused = false;

  /** @param {number} waiting */
  function show(waiting) {
    const paused = waiting > 0 ? say('Paused · {n} waiting', { n: waiting }) : say('Paused');
    const text = isPaused ? paused : say('Pause');
    if (pause.textContent !== text) pause.textContent = text;
    pause.setAttribute('aria-pressed', String(isPaused));
  }

  function toggle() {
    isPaused = !isPaused;
    onToggle(isPaused);
  }

  show(0);
  return { button: pause, toggle, show, isPaused: () => isPaused };
}
