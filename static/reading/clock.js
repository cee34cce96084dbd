/** Times and durations in the reader's language and time zone. The server writes the same forms in UTC (pages/item.py). */

import { count, say } from './words.js';

/** The English of the page is the British one: "23 November 2026", as the server writes it. */
const LOCALE = document.documentElement.lang === 'en' ? 'en-GB' : document.documentElement.lang;

const CLOCK = new Intl.DateTimeFormat(LOCALE, { hour: '2-digit', minute: '2-digit', hourCycle: 'h23' });
const DAY = new Intl.DateTimeFormat(LOCALE, { day: 'numeric', month: 'long', year: 'numeric' });
const WEEKDAY = new Intl.DateTimeFormat(LOCALE, { weekday: 'long' });
const DATE = new Intl.DateTimeFormat(LOCALE, { day: 'numeric', month: 'long' });

const RECENT = new Intl.DateTimeFormat(LOCALE, { weekday: 'short', hour: '2-digit', minute: '2-digit', hourCycle: 'h23' });

const DAY_MS = 86_400_000;

/**
 * @param {Intl.DateTimeFormat} form
 * @param {string | Date} time
 */
function write(form, time) {
  const date = new Date(time);
  return Number.isNaN(date.getTime()) ? '' : form.format(date);
}

/**
 * "14:07"
 *
 * @param {string | Date} time
 */
export const clock = (time) => write(CLOCK, time);

/**
 * "23 November 2026"
 *
 * @param {string | Date} time
 */
export const day = (time) => write(DAY, time);

/**
 * "Monday 23 November", with the year if it is not this one.
 *
 * @param {string | Date} time
 */
export function weekday(time) {
  const isThisYear = new Date(time).getFullYear() === new Date().getFullYear();
  return say('{weekday} {date}', { weekday: write(WEEKDAY, time), date: isThisYear ? write(DATE, time) : day(time) });
}

/**
 * "Today, Monday 23 November"
 *
 * @param {string | Date} time
 */
export function dayName(time) {
  const date = new Date(time).toDateString();
  if (date === new Date().toDateString()) return say('Today, {day}', { day: weekday(time) });
  if (date === new Date(Date.now() - DAY_MS).toDateString()) return say('Yesterday, {day}', { day: weekday(time) });
  return weekday(time);
}

/**
 * "14:07" today, "Sun 14:07" in the last days, else "23 November 2026"
 *
 * @param {string | Date} time
 */
export function recent(time) {
  if (day(time) === day(new Date())) return clock(time);
  return Date.now() - new Date(time).getTime() < 6 * DAY_MS ? write(RECENT, time) : day(time);
}

/**
 * "23 November 2026, 14:07"
 *
 * @param {string | Date} time
 */
export const moment = (time) => say('{day}, {clock}', { day: day(time), clock: clock(time) });

/**
 * "14:07" if both times are on one day, else with the day.
 *
 * @param {string | Date} time
 * @param {string | Date} than
 */
export const later = (time, than) => (day(time) === day(than) ? clock(time) : moment(time));

/**
 * "just now", "36 min ago", "5 h ago"; the day after that
 *
 * @param {string | Date} time
 */
export function age(time) {
  const minutes = Math.floor((Date.now() - new Date(time).getTime()) / 60_000);
  if (minutes < 1) return say('just now');
  if (minutes < 60) return say('{n} min ago', { n: minutes });
  const hours = Math.floor(minutes / 60);
  return hours < 24 ? say('{n} h ago', { n: hours }) : day(time);
}

/** @type {Record<string, (time: string, than: string) => string>} */
const FORMS = { age, clock, day: weekday, moment, later };

/** Milliseconds. */
const AGING_INTERVAL = 30_000;

/**
 * Turns the times that the server wrote into local ones. Only the page's own have `data-time`, those in
 * the content of a post do not.
 *
 * @param {ParentNode} root
 */
export function localise(root) {
  for (const time of root.querySelectorAll('time[data-time]')) {
    const form = FORMS[time.getAttribute('data-time') ?? ''];
    const at = time.getAttribute('datetime') ?? '';
    const text = form?.(at, time.getAttribute('data-than') ?? '');
    if (text) time.textContent = text;
    if (time.hasAttribute('title')) time.setAttribute('title', moment(at));
  }
}

/** Keeps the ages on the page right. */
export function keepAges() {
  setInterval(() => {
    for (const time of document.querySelectorAll('time[data-time=age]')) {
      const text = age(time.getAttribute('datetime') ?? '');
      if (time.textContent !== text) time.textContent = text;
    }
  }, AGING_INTERVAL);
}

/**
 * "40 s", "12 min", "3 h", "2 days"
 *
 * @param {number} milliseconds
 */
export function duration(milliseconds) {
  const seconds = Math.max(Math.round(milliseconds / 1000), 0);
  if (seconds < 60) return say('{n} s', { n: seconds });
  if (seconds < 3600) return say('{n} min', { n: Math.floor(seconds / 60) });
  if (seconds < 86_400) return say('{n} h', { n: Math.floor(seconds / 3600) });
  return count('1 day', '{n} days', Math.floor(seconds / 86_400));
}
