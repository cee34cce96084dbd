/** The state of the connection in the bar: "● Live", "◌ Reconnecting", "○ Offline since 13:20". */

import { clock } from '../reading/clock.js';
import { say } from '../reading/words.js';

/** @typedef {import('./stream.js').State} State */

/** @type {Record<State['name'] | 'stalled', [sign: string, words: (since: Date) => string]>} */
const LABELS = {
  connecting: ['◌', () => say('Connecting')],
  live: ['●', () => say('Live')],
  polling: ['◐', () => say('Asking every 10 s')],
  reconnecting: ['◌', () => say('Reconnecting')],
  offline: ['○', (since) => say('Offline since {time}', { time: clock(since) })],
  stalled: ['○', (since) => say('No news since {time}', { time: clock(since) })],
};

/** @type {{label: HTMLElement, state: State} | null} */
let shown = null;
/** @type {Date | null} */
let stalledSince = null;

/**
 * Shows that the server can't read its posts, although the connection is open.
 *
 * @param {Date | null} since null: it can again
 */
export function showStalled(since) {
  stalledSince = since;
  if (shown) showState(shown.label, shown.state);
}

/**
 * @param {HTMLElement} label
 * @param {State} state
 */
export function showState(label, state) {
  shown = { label, state };
  const isConnected = state.name === 'live' || state.name === 'polling';
  const name = stalledSince && isConnected ? 'stalled' : state.name;
  const [sign, words] = LABELS[name];
  const text = words(name === 'stalled' && stalledSince ? stalledSince : state.since);
  // Screen readers read a status whenever it is written: write changes only.
  if (label.dataset.state === name && label.textContent === `${sign} ${text}`) return;
  label.dataset.state = name;
  const mark = document.createElement('span');
  mark.className = 'sign';
  mark.setAttribute('aria-hidden', 'true');
  mark.textContent = sign;
  label.replaceChildren(mark, ` ${text}`);
}
