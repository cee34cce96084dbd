/** The label of the connection: "● Live", "◌ Reconnecting", "○ Offline since 13:20". */

import { clock } from './clock.js';
import { say } from './words.js';

/** @typedef {import('./stream.js').State} State */

/** @type {Record<State['name'], [sign: string, words: (state: State) => string]>} */
const LABELS = {
  connecting: ['◌', () => say('Connecting')],
  live: ['●', () => say('Live')],
  polling: ['◐', () => say('Asking every 10 s')],
  reconnecting: ['◌', () => say('Reconnecting')],
  offline: ['○', ({ since }) => say('Offline since {time}', { time: clock(since) })],
};

/**
 * @param {HTMLElement} label
 * @param {State} state
 */
export function showState(label, state) {
  const [sign, words] = LABELS[state.name];
  const text = words(state);
  // A status is read aloud whenever it is written, so only a change is written.
  if (label.dataset.state === state.name && label.textContent === `${sign} ${text}`) return;
  label.dataset.state = state.name;
  const mark = document.createElement('span');
  mark.className = 'sign';
  mark.ariaHidden = 'true';
  mark.textContent = sign;
  label.replaceChildren(mark, ` ${text}`);
}
