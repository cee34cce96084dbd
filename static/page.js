/** The live page: connects the stream of changes to the timeline, and the timeline to the reader's controls. */

import { showAge, showStalled, showState, showUnreachable } from './connection/state.js';
import { Stream } from './connection/stream.js';
import { followChanges } from './post/correction.js';
import { followImages } from './post/images.js';
import { followOpening } from './post/open.js';
import { followShare } from './post/share.js';
import { keepAges, localise } from './reading/clock.js';
import { Controls } from './reading/controls.js';
import { followFilterSheet } from './reading/filter-sheet.js';
import { isFiltered, matches, reload } from './reading/filter.js';
import { KeyEvents } from './reading/key-events.js';
import { keepFocus } from './reading/keys.js';
import { keepPlace } from './reading/place.js';
import { followDay } from './reading/day.js';
import { followView } from './reading/view.js';
import { showProblems, unreachableSince } from './reading/problems.js';
import { followSources } from './reading/sources.js';
import { required } from './required.js';
import { Absence } from './timeline/absence.js';
import { Arrivals } from './timeline/arrival.js';
import { inBatches } from './timeline/frame-budget.js';
import { History } from './timeline/history.js';
import { gapSentence } from './timeline/marks.js';
import { isWatchingTop, keepScroll, partsInView, slideIn } from './timeline/scroll.js';
import { Timeline } from './timeline/timeline.js';

/** @typedef {import('./connection/messages.js').Change} Change */

/**
 * Milliseconds of a frame for applying changes, and in a hidden tab. The browser needs several times as long to lay out
 * and paint them.
 */
const FRAME_BUDGET = 4;
const HIDDEN_BUDGET = 40;

const { blog = '', cursor = '' } = required('main').dataset;
const list = required('timeline');
const notice = required('notice');
const state = required('state');

function goLive() {
  const isWall = document.body.dataset.view === 'wall';
  const parts = { list, empty: required('empty'), older: required('older'), notice, state };
  /** @type {Arrivals} */
  const arrivals = new Arrivals(blog, list, (item) => matches(item) && !timeline.has(item.id));
  const timeline = new Timeline(blog, parts, {
    matches,
    render: (item) => arrivals.render(item),
    inView: () => partsInView(list),
    onStale: (newest) => history?.compareFrom(newest),
    onGap: (gap, from) => showSentence(gapSentence(gap, from, new Date())),
  });
  const history = isWall ? null : new History(blog, timeline, parts);
  const controls = isWall ? null : new Controls(blog, parts, timeline, arrivals);

  // A filtered page has only some of what is new.
  if (!isFiltered) controls?.followVisits();

  const updateAge = showAge(() => timeline.newest);

  /** @param {string} sentence */
  function showSentence(sentence) {
    if (controls) controls.showSentence(sentence);
    else notice.textContent = sentence;
  }

  /**
   * The number of changes that may be shown now, from the first on; with 0, new posts wait.
   *
   * @param {Change[]} changes
   */
  function showable(changes) {
    if (isWall || timeline.isEmpty) return changes.length;
    const mayArrive = !controls?.isPaused && timeline.waiting === 0 && timeline.isAtNewest && isWatchingTop(list);
    return mayArrive && !absence.isEnding ? arrivals.fitting(changes) : 0;
  }

  const absence = new Absence((milliseconds, missed) => controls?.showAbsence(milliseconds, missed), () => timeline.waiting);

  /** @type {(change: Change) => void} */
  const show = inBatches((changes) => {
    const count = showable(changes);
    const holds = count === 0;
    // The first that does not fit, and all after it, wait.
    const now = holds ? changes : changes.slice(0, count);
    const until = performance.now() + (document.hidden ? HIDDEN_BUDGET : FRAME_BUDGET);
    let done = 0;
    const apply = () => keepFocus(list, () => {
      const applied = timeline.apply(now, { holds, isTimeUp: () => performance.now() > until });
      done = applied.done;
      controls?.arrived(applied.arrived);
    });
    if (holds) keepScroll(list, apply);
    else slideIn(list, apply);
    arrivals.prepare(timeline.waitingItems);
    controls?.update();
    for (const change of now.slice(0, done)) absence.count(change);
    updateAge();
    return done;
  });

  const keyEvents = new KeyEvents(blog);
  const stream = new Stream(blog, cursor, {
    onState: (current) => showState(state, current),
    onReconnect: (since, missed) => {
      absence.end(since, missed);
      if (missed > 0 && timeline.waiting === 0) timeline.markRead();
    },
    onUnknown: () => absence.count(null),
    onChange: (change) => {
      if (change.type === 'reset' && isFiltered) {
        reload();
        return;
      }
      show(change);
      keyEvents.apply(change);
    },
  });
  stream.start();
  const { since } = document.getElementById('problems')?.dataset ?? {};
  if (since) showUnreachable(new Date(since));
  followFilterSheet();
  void followSources(blog, {
    isEmpty: () => timeline.isEmpty,
    onStalled: showStalled,
    onStates: (sources) => {
      showProblems(sources);
      showUnreachable(unreachableSince(sources));
    },
  });
}

followView();
localise(document);
keepAges();
followDay();
followImages(list);
followChanges(list, blog);
if (document.body.dataset.view !== 'wall') {
  followOpening(list, blog);
  followShare(list);
  void keepPlace(list, blog);
}
// In a task of its own, so that the reader's input is not delayed by all of it.
setTimeout(goLive);
