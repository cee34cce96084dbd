/** Sentences about an absence: what came meanwhile, or that nobody can promise that nothing is missing. */

import { clock, day, moment } from '../reading/clock.js';
import { count, say } from '../reading/words.js';

/**
 * "Some posts may be missing between 13:05 and 13:48."
 *
 * @param {import('../connection/stream.js').Gap} gap
 * @param {Date} from until when the page was certainly complete
 * @param {Date} to
 */
export function gapSentence(gap, from, to) {
  if (gap.reason === 'epoch') return say('The server’s history began anew.');
  const write = day(from) === day(to) ? clock : moment;
  if (write(from) === write(to)) return say('Some posts may be missing around {time}.', { time: write(to) });
  return say('Some posts may be missing between {from} and {to}.', { from: write(from), to: write(to) });
}

/**
 * "Away 12 min: 7 new, 2 corrected, 1 withdrawn"
 *
 * @param {number} milliseconds
 * @param {{entry: number, update: number, delete: number}} counts
 */
export function awaySentence(milliseconds, counts) {
  const parts = [
    counts.entry && count('1 new', '{n} new', counts.entry),
    counts.update && count('1 corrected', '{n} corrected', counts.update),
    counts.delete && count('1 withdrawn', '{n} withdrawn', counts.delete),
  ];
  return say('Away {time}: {news}', { time: duration(milliseconds), news: parts.filter(Boolean).join(', ') });
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
