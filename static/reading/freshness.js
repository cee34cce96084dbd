/** Freshness of each source in the filter sheet: "5 min ago", "Last post 21 June 2017", "unreachable since 13:20". */

import { clock, day, moment } from './clock.js';
import { say } from './words.js';

const MINUTE = 60_000;

/** Minutes from which on a source is silent (as in pages/freshness.py), its age is in hours, and it is a date. */
const SILENT_FROM = 30;
const HOURS_FROM = 120;
const DATE_FROM = 48 * 60;

/** Shows the states that the server rendered in the reader's language and time. */
export function showFreshness() {
  for (const line of document.getElementById('sources')?.children ?? []) {
    const label = labelOf(line);
    if (!label) continue;
    const { state, last } = label.dataset;
    // Sources fall silent between two answers.
    if (state === 'fresh' && last && minutesSince(last) > SILENT_FROM) label.dataset.state = 'silent';
    const text = words(label.dataset);
    if (label.textContent !== text) label.textContent = text;
  }
}

/**
 * @param {Element} line
 * @returns {HTMLElement | null}
 */
export const labelOf = (line) => line.querySelector('.freshness');

/** @param {DOMStringMap} source */
function words({ state, last, since }) {
  if (state === 'waiting') return say('not fetched yet');
  if (state === 'unreachable') return say('unreachable since {time}', { time: since ? sinceWhen(new Date(since)) : '' });
  if (!last) return say('nothing yet');
  return ago(last);
}

/** @param {string} time */
function minutesSince(time) {
  return Math.max(0, Math.floor((Date.now() - Date.parse(time)) / MINUTE));
}

/**
 * "13:20", or with the day
 *
 * @param {Date} time
 */
export function sinceWhen(time) {
  return day(time) === day(new Date()) ? clock(time) : moment(time);
}

/** @param {string} time */
function ago(time) {
  const minutes = minutesSince(time);
  if (minutes === 0) return say('just now');
  if (minutes < HOURS_FROM) return say('{n} min ago', { n: minutes });
  if (minutes < DATE_FROM) return say('{n} h ago', { n: Math.floor(minutes / 60) });
  return say('Last post {day}', { day: day(time) });
}
