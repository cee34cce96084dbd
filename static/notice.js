/** The line that says so when the page can't promise that nothing is missing. */

import { clock, day, moment } from './clock.js';

/**
 * @param {import('./stream.js').Gap} gap
 * @param {Date} from until when the page was certainly complete
 * @param {Date} to
 */
export function gapSentence(gap, from, to) {
  if (gap.reason === 'epoch') return 'The server’s history began anew.';
  const write = day(from) === day(to) ? clock : moment;
  if (write(from) === write(to)) return `Some posts may be missing around ${write(to)}.`;
  return `Some posts may be missing between ${write(from)} and ${write(to)}.`;
}
