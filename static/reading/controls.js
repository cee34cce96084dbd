/** The reader's controls beside the posts: keys, help, pause, the pill, sound and notifications. A wall has none. */

import { keepScroll } from '../timeline/scroll.js';
import { helpDialog } from './help.js';
import { goTo, listenToKeys } from './keys.js';
import { Announcer, button, showAge, showInTab, Tray } from './notices.js';
import { postKeys } from './post-keys.js';
import { hasKeys } from './settings.js';
import { Signals } from './signals.js';
import { say } from './words.js';

/**
 * @typedef {import('../post/post.js').Item} Item
 * @typedef {import('../timeline/timeline.js').Timeline} Timeline
 */

export class Controls {
  #timeline;
  #list;
  #tray;
  #announcer;
  #signals;
  #pause;
  #updateAge;

  /**
   * @param {string} blog
   * @param {{list: HTMLElement, notice: HTMLElement, state: HTMLElement}} parts
   * @param {Timeline} timeline
   */
  constructor(blog, { list, notice, state }, timeline) {
    this.#timeline = timeline;
    this.#list = list;
    this.#setRole();
    this.#tray = new Tray(notice, () => this.#release());
    this.#announcer = new Announcer();
    this.#signals = new Signals(blog, document.title);
    this.#pause = pauseButton(state, (isPaused) => {
      if (!isPaused && timeline.waiting > 0) this.#release();
    });
    const help = helpDialog();
    state.after(help.button);
    this.#updateAge = showAge(() => timeline.newest);
    listenToKeys(
      {
        ...postKeys(list, blog),
        n: () => this.#release(),
        p: () => this.#pause.toggle(),
        '?': help.toggle,
      },
      hasKeys,
    );
    addEventListener('keydown', ({ key, ctrlKey, metaKey, altKey, shiftKey }) => {
      if (key === 'Home' && !ctrlKey && !metaKey && !altKey && !shiftKey) timeline.showNewest();
    });
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
    this.#tray.showWaiting(this.#timeline.waiting);
    showInTab(this.#timeline.waiting);
    this.#updateAge();
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
 * The button that makes new posts wait until it is pressed again.
 *
 * @param {HTMLElement} state the button is inserted before it
 * @param {(isPaused: boolean) => void} onToggle
 */
function pauseButton(state, onToggle) {
  const pause = button('quiet', '', toggle);
  pause.id = 'hold';
  let isPaused = false;

  function show() {
    pause.textContent = isPaused ? say('Resume') : say('Pause');
    pause.title = isPaused ? say('Show the posts that wait') : say('Hold new posts');
  }

  function toggle() {
    isPaused = !isPaused;
    show();
    onToggle(isPaused);
  }

  show();
  state.before(pause);
  return { toggle, isPaused: () => isPaused };
}
