/** The live page: what comes over the connection, put before the reader without getting in their way. */

import { showAge } from './age.js';
import { Announcer } from './announce.js';
import { slideIn } from '../timeline/arrival.js';
import { Away } from '../timeline/absence.js';
import { inBatches } from '../timeline/batch.js';
import { keepFocus } from './focus.js';
import { hasKeys, helpDialog } from './help.js';
import { History } from '../timeline/history.js';
import { holdButton } from './hold.js';
import { listenToKeys } from './keys.js';
import { isWatchingTop, partsInView } from '../timeline/looking.js';
import { gapSentence } from '../timeline/notice.js';
import { keepPlace } from '../timeline/scroll.js';
import { Signals } from './signals.js';
import { showState } from '../connection/state.js';
import { goTo, step } from './steps.js';
import { Stream } from '../connection/stream.js';
import { showInTab } from './tab.js';
import { Timeline } from '../timeline/timeline.js';
import { Tray } from './notices.js';
import { say } from './words.js';

/**
 * @typedef {import('../connection/stream.js').Change} Change
 *
 * @typedef {object} Parts of the page
 * @property {HTMLElement} list
 * @property {HTMLElement} empty
 * @property {HTMLElement} older
 * @property {HTMLElement} state
 * @property {HTMLElement} notice
 *
 * @typedef {object} Options
 * @property {(item: import('../post/post.js').Item) => boolean} [matches] whether the reader wants to see a post
 * @property {(() => void) | undefined} [onReset] takes the place of what a reset shows
 * @property {(correction: import('../timeline/timeline.js').Correction) => void} [onCorrected]
 */

/**
 * What a frame has time for, in milliseconds; where nobody sees it, more. The browser takes several times as long to
 * lay out and paint what came.
 */
const BUDGET = 4;
const BUDGET_HIDDEN = 40;

/**
 * @param {string} blog
 * @param {string} cursor of what the page shows
 * @param {Parts} parts
 * @param {Options} [options]
 * @returns {Timeline}
 */
export function goLive(blog, cursor, parts, options = {}) {
  const isWall = document.body.dataset.view === 'wall';
  const { list } = parts;

  const timeline = new Timeline(blog, parts, {
    ...options,
    inView: () => partsInView(list),
    onDoubt: (newest) => history?.doubt(newest),
    onGap: (gap, from) => tell(gapSentence(gap, from, new Date())),
  });
  const history = isWall ? null : new History(blog, timeline, parts);
  const controls = isWall ? null : new Controls(blog, parts, timeline);

  /** @param {string} sentence */
  function tell(sentence) {
    if (controls) controls.tell(sentence);
    else parts.notice.textContent = sentence;
  }

  /** @type {(change: Change) => void} */
  const show = inBatches((changes) => {
    const isWatched = isWall || (controls?.isHeld !== true && timeline.waiting === 0 && timeline.isAtNewest && isWatchingTop(list));
    const until = performance.now() + (document.hidden ? BUDGET_HIDDEN : BUDGET);
    const circumstances = { holds: !isWatched, isTimeUp: () => performance.now() > until };
    let done = 0;
    const apply = () => keepFocus(list, () => {
      const applied = timeline.apply(changes, circumstances);
      done = applied.done;
      controls?.arrived(applied.arrived);
    });
    if (isWatched) slideIn(list, apply);
    else keepPlace(list, apply);
    controls?.show();
    return done;
  });

  const away = new Away(tell);

  const stream = new Stream(blog, cursor, {
    onState: (state) => showState(parts.state, state),
    onReturn: (since, missed) => {
      away.end(since, missed);
      if (missed > 0 && timeline.waiting === 0) timeline.markRead();
    },
    onChange: (change) => {
      if (change.type === 'reset' && options.onReset) {
        options.onReset();
        return;
      }
      show(change);
      away.count(change);
    },
  });
  stream.start();
  return timeline;
}

/** What the reader can do, and is told, beside the posts. A wall has none of it. */
class Controls {
  #timeline;
  #list;
  #tray;
  #announcer;
  #signals;
  #hold;
  #showAge;

  /**
   * @param {string} blog
   * @param {Parts} parts
   * @param {Timeline} timeline
   */
  constructor(blog, { list, notice, state }, timeline) {
    this.#timeline = timeline;
    this.#list = list;
    this.#showRole();
    this.#tray = new Tray(notice, () => this.#release());
    this.#announcer = new Announcer();
    this.#signals = new Signals(blog, document.title);
    this.#hold = holdButton(state, (isHeld) => {
      if (!isHeld && timeline.waiting > 0) this.#release();
    });
    const help = helpDialog();
    state.after(help.button);
    this.#showAge = showAge(() => timeline.newest);
    listenToKeys(
      {
        j: () => step(list, 1),
        k: () => step(list, -1),
        n: () => this.#release(),
        p: () => this.#hold.toggle(),
        '?': help.toggle,
      },
      hasKeys,
    );
    addEventListener('keydown', ({ key, ctrlKey, metaKey, altKey, shiftKey }) => {
      if (key === 'Home' && !ctrlKey && !metaKey && !altKey && !shiftKey) timeline.showNewest();
    });
  }

  get isHeld() {
    return this.#hold.isHeld();
  }

  /** @param {import('../post/post.js').Item[]} items */
  arrived(items) {
    this.#announcer.arrived(items.length);
    void this.#signals.arrived(items);
  }

  show() {
    this.#showRole();
    this.#tray.show(this.#timeline.waiting);
    showInTab(this.#timeline.waiting);
    this.#showAge();
  }

  /** A feed has posts (WAI-ARIA 1.2): an empty list is none yet. */
  #showRole() {
    const role = this.#timeline.isEmpty ? null : 'feed';
    if (this.#list.role === role) return;
    this.#list.role = role;
    this.#list.ariaLabel = role && say('Posts');
  }

  /** @param {string} sentence */
  tell(sentence) {
    this.#tray.tell(sentence);
  }

  #release() {
    /** @type {HTMLElement | null} */
    let first = null;
    keepPlace(this.#list, () => {
      first = this.#timeline.release();
    });
    this.show();
    this.#tray.clear();
    if (first) goTo(first);
    else this.#announcer.say(say('No unread posts'));
  }
}
