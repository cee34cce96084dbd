/** The label of the connection: "● Live", "◌ Reconnecting", "○ Offline since 13:20". */

import { clock } from '../reading/clock.js';
import { say } from '../reading/words.js';

/** @typedef {import('./stream.js').State} State */

/** @type {Record<State['name'] | 'stalled', [sign: string, words: (state: {since: Date}) => string]>} */
const LABELS = {
  connecting: ['◌', () => say('Connecting')],
  live: ['●', () => say('Live')],
  polling: ['◐', () => say('Asking every 10 s')],
  reconnecting: ['◌', () => say('Reconnecting')],
  offline: ['○', ({ since }) => say('Offline since {time}', { time: clock(since) })],
  stalled: ['○', ({ since }) => say('No news since {time}', { time: clock(since) })],
};

/** @type {{label: HTMLElement, state: State} | null} */
let shown = null;
/** @type {Date | null} */
let stalledSince = null;

/**
 * The connection stands, but the server has no news to give: then the page is not live.
 *
 * @param {Date | null} since null: it has again
 */
export function stall(since) {
  stalledSince = since;
  if (shown) showState(shown.label, shown.state);
}

/**
 * @param {HTMLElement} label
 * @param {State} state
 */
export function showState(label, state) {
  shown = { label, state };
  const name = stalledSince && (state.name === 'live' || state.name === 'polling') ? 'stalled' : state.name;
  const [sign, words] = LABELS[name];
  const text = words(name === 'stalled' && stalledSince ? { since: stalledSince } : state);
  // A status is read aloud whenever it is written, so only a change is written.
  if (label.dataset.state === name && label.textContent === `${sign} ${text}`) return;
  label.dataset.state = name;
  const mark = document.createElement('span');
  mark.className = 'sign';
  mark.ariaHidden = 'true';
  mark.textContent = sign;
  label.replaceChildren(mark, ` ${text}`);
}
