/** Times on the wall: the clock, the ages of posts, and since when a source is silent. They are kept right. */

import { clock, day, duration } from '../reading/clock.js';
import { say } from '../reading/words.js';

const TICK_INTERVAL = 5_000;
const MINUTE = 60_000;
const LANGUAGE = document.documentElement.lang === 'en' ? 'en-GB' : document.documentElement.lang;
const DATE = new Intl.DateTimeFormat(LANGUAGE, { day: 'numeric', month: 'short' });
const MONTH = new Intl.DateTimeFormat(LANGUAGE, { month: 'short', year: 'numeric' });

/** Milliseconds until a date needs its year. */
const OLD = 300 * 24 * 60 * MINUTE;

/** Milliseconds for which a post is news. */
const NEWS = 5 * MINUTE;

/** Minutes from which on a source is silent (as in pages/freshness.py). */
const SILENT_FROM = 30;

/**
 * Shows the clock and the age of the newest post, and keeps all times in the page right.
 *
 * @param {() => string} newest when the newest post came; empty without one
 */
export function keepTimes(newest) {
  const face = document.getElementById('clock');
  const age = document.getElementById('newest');
  const tick = () => {
    if (age) write(age, newest() && newestText(newest()));
    if (face) {
      face.hidden = false;
      write(face, clock(new Date()));
    }
    showTimes(document);
  };
  tick();
  setInterval(tick, TICK_INTERVAL);
}

/** @param {string} newest */
function newestText(newest) {
  const age = Date.now() - Date.parse(newest);
  return age < MINUTE ? say('Newest post just now') : say('Newest post {time} ago', { time: duration(age) });
}

/** @param {ParentNode} root */
export function showTimes(root) {
  for (const time of root.querySelectorAll('.wall-age')) write(time, elapsed(time.getAttribute('datetime') ?? ''));
  for (const state of /** @type {NodeListOf<HTMLElement>} */ (root.querySelectorAll('.wall-state'))) {
    const text = stateText(state.dataset);
    write(state, text);
  }
}

/**
 * "unreachable since 13:20", "silent since 14:10", "12 min"; pages/wall.py writes the same.
 *
 * @param {DOMStringMap} source
 */
function stateText({ state, last, since }) {
  if (state === 'waiting') return say('not fetched yet');
  if (state === 'unreachable') return say('unreachable since {time}', { time: since ? when(since) : '' });
  if (!last) return say('nothing yet');
  // Sources fall silent between two answers.
  const isSilent = Date.now() - Date.parse(last) > SILENT_FROM * MINUTE;
  return isSilent ? say('silent since {time}', { time: when(last) }) : elapsed(last);
}

/**
 * "now", "12 min", "3 h", "2 days"
 *
 * @param {string} time
 */
function elapsed(time) {
  const age = Date.now() - Date.parse(time);
  return age < MINUTE ? say('now') : duration(age);
}

/**
 * "14:10" today, else "29 Nov", or "Nov 2017"
 *
 * @param {string} time
 */
export function when(time) {
  const at = new Date(time);
  if (day(at) === day(new Date())) return clock(at);
  return (Date.now() - at.getTime() > OLD ? MONTH : DATE).format(at);
}

/**
 * @param {Element} element
 * @param {string} text
 */
function write(element, text) {
  if (element.textContent !== text) element.textContent = text;
}

/**
 * True for the position of a post that was not sorted in by an older date.
 *
 * @param {string} position
 */
export const isNews = (position) => Date.now() - Date.parse(position) < NEWS;
