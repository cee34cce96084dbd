/** The wall: connects the stream of changes to the board of posts, or to the cells of sources. */

import { stepsFrom } from './connection/messages.js';
import { showStalled, showState, showUnreachable } from './connection/state.js';
import { Stream } from './connection/stream.js';
import { matches } from './reading/filter.js';
import { unreachableSince } from './reading/problems.js';
import { required } from './required.js';
import { Board } from './wall/board.js';
import { Cells } from './wall/cells.js';
import { fit } from './wall/fit.js';
import { keepFresh, refresh } from './wall/refresh.js';
import { keepScreen } from './wall/screen.js';
import { followStates, problemsOf } from './wall/states.js';
import { keepTimes, showTimes } from './wall/times.js';

/** @typedef {import('./connection/messages.js').Change} Change */

/** Milliseconds in which changes are gathered before they are shown. */
const SHOW_DELAY = 300;

/** Changes that are kept, to be applied again to a page that was rendered before them. */
const MAX_RECENT = 200;

const { blog = '', cursor = '' } = required('main').dataset;
const list = required('timeline');
const problems = required('problems');
const title = required('title');
const cells = list.classList.contains('wall-cells') ? new Cells(blog, list) : null;
const wall = cells ?? new Board(blog, list);
/** @type {Change[]} */
let recent = [];
/** @type {ReturnType<typeof setTimeout> | undefined} */
let showing;

function show() {
  showing = undefined;
  required('empty').hidden = !wall.isEmpty;
  list.hidden = wall.isEmpty;
  // Ages have a width: they come before the fit.
  showTimes(list);
  wall.show();
  showTimes(list);
  fit(problems);
  fit(title, title.querySelector('bdi') ?? title);
}

function showSoon() {
  showing ??= setTimeout(show, SHOW_DELAY);
}

/** @param {Change} change */
function apply(change) {
  if (change.type === 'reset') {
    recent = [];
    refresh();
  } else if (change.type === 'delete') {
    if (wall.remove(change.id)) refresh();
  } else {
    wall.remove(change.item.id);
    if (matches(change.item) && wall.put(change)) refresh();
  }
  showSoon();
}

/** @param {Document} page */
function adopt(page) {
  const served = page.getElementById('timeline');
  const read = page.getElementById('main')?.dataset.cursor;
  if (!served || !read) return;
  wall.adopt(served);
  for (const change of recent) {
    if (stepsFrom(change.cursor, read) > 0) apply(change);
  }
  required('empty').replaceChildren(...(page.getElementById('empty')?.childNodes ?? []));
  showSoon();
}

function start() {
  const stream = new Stream(blog, cursor, {
    onState: (state) => showState(required('state'), state),
    onReconnect: () => {},
    onUnknown: refresh,
    onChange: (change) => {
      apply(change);
      if (change.type !== 'reset') recent = [...recent, change].slice(-MAX_RECENT);
    },
  });
  stream.start();
  void keepFresh(adopt);
  void followStates(
    blog,
    (sources, more) => {
      if (cells?.setStates(sources, more)) refresh();
      problems.textContent = cells ? '' : problemsOf(sources);
      showUnreachable(unreachableSince(sources));
      showSoon();
    },
    showStalled,
  );
}

show();
keepTimes(() => wall.newest);
keepScreen();
addEventListener('resize', showSoon);
void document.fonts.ready.then(showSoon);
setTimeout(start);
