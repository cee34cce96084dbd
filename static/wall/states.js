/** The states of the sources, for as long as the wall is open: nobody reloads it. */

import { jittered, pause, request } from '../connection/request.js';
import { shortName } from '../post/names.js';
import { say } from '../reading/words.js';
import { when } from './times.js';

/** @typedef {import('../reading/sources.js').Source} Source */

/** Milliseconds between two requests. */
const INTERVAL = 20_000;

/**
 * @param {string} blog
 * @param {(sources: Source[], more: number) => void} onStates
 * @param {(since: Date | null) => void} onStalled the server can't read its posts since then; null: it can
 */
export async function followStates(blog, onStates, onStalled) {
  let readAt = new Date();
  for (;;) {
    const response = await request(`/${blog}/sources`).catch(() => null);
    const answer = response?.ok ? await response.json().catch(() => null) : null;
    if (answer) {
      readAt = new Date();
      onStates(answer.sources, answer.more);
    }
    if (answer || response?.status === 503) onStalled(answer ? null : readAt);
    await pause(jittered(INTERVAL));
  }
}

/**
 * "CBSNews.com can’t be reached since 00:50", "3 sources can’t be reached"; pages/wall.py writes the same.
 *
 * @param {Source[]} sources
 */
export function problemsOf(sources) {
  const [one, ...others] = sources.filter(({ state }) => state === 'unreachable');
  if (!one) return '';
  if (others.length > 0) return say('{n} sources cannot be reached', { n: others.length + 1 });
  return say('{name} can’t be reached since {time}', { name: shortName(one.title), time: one.since ? when(one.since) : '' });
}
