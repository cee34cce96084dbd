/** Times as the reader's own clock shows them. The server writes the same forms in UTC. */

import { say } from './words.js';

/** The English of the page is the British one: "23 November 2026", as the server writes it. */
const LOCALE = document.documentElement.lang === 'en' ? 'en-GB' : document.documentElement.lang;

const CLOCK = new Intl.DateTimeFormat(LOCALE, { hour: '2-digit', minute: '2-digit', hourCycle: 'h23' });
const DAY = new Intl.DateTimeFormat(LOCALE, { day: 'numeric', month: 'long', year: 'numeric' });

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
 * "23 November 2026, 14:07"
 *
 * @param {string | Date} time
 */
export const moment = (time) => say('{day}, {clock}', { day: day(time), clock: clock(time) });

/**
 * "14:07" on the same day as something else, on another one with the day.
 *
 * @param {string | Date} time
 * @param {string | Date} than
 */
export const later = (time, than) => (day(time) === day(than) ? clock(time) : moment(time));

/** @type {Record<string, (time: string, than: string) => string>} */
const FORMS = { clock, day, moment, later };

/**
 * Turns the times that the server wrote into local ones. Only the page's own carry `data-time`; a time in
 * the content of a post is its author's.
 *
 * @param {ParentNode} root
 */
export function localise(root) {
  for (const time of root.querySelectorAll('time[data-time]')) {
    const form = FORMS[time.getAttribute('data-time') ?? ''];
    const text = form?.(time.getAttribute('datetime') ?? '', time.getAttribute('data-than') ?? '');
    if (text) time.textContent = text;
  }
}
