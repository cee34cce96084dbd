/** Freshness of each source in the filter sheet: "5 min ago", "silent 3 h", "unreachable since 13:20". */

import { clock, day, moment } from './clock.js';
import { say } from './words.js';

const MINUTE = 60_000;

/** Minutes from which on a source is silent (as in pages/freshness.py), shown in hours, and shown in days. */
const SILENT_FROM = 30;
const HOURS_FROM = 120;
const DAYS_FROM = 48 * 60;

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
  const minutes = minutesSince(last);
  return state === 'fresh' ? ago(minutes) : silence(minutes);
}

/** @param {string} time */
function minutesSince(time) {
  return Math.max(0, Math.floor((Date.now() - Date.parse(time)) / MINUTE));
}

/** @param {Date} time */
function sinceWhen(time) {
  return day(time) === day(new Date()) ? clock(time) : moment(time);
}

/** @param {number} minutes */
function ago(minutes) {
  return minutes === 0 ? say('just now') : say('{n} min ago', { n: minutes });
}

/** @param {number} minutes */
function silence(minutes) {
  if (minutes >= DAYS_FROM) return say('silent {n} d', { n: Math.floor(minutes / 1440) });
  if (minutes >= HOURS_FROM) return say('silent {n} h', { n: Math.floor(minutes / 60) });
  return say('silent {n} min', { n: minutes });
}
