/**
 * The state of the page in the bar: "● Live · 3 min", "◌ Reconnecting", "○ Offline since 13:20". The style sheet draws the
 * dot. Screen readers are told when the state changes, and not of the age of the newest post.
 */

import { day, duration, later } from '../reading/clock.js';
import { say } from '../reading/words.js';

/** @typedef {import('./stream.js').State} State */

const AGE_INTERVAL = 10_000;
const MAX_AGE_NOW = 60_000;
const MAX_AGE_TOLD = 48 * 3_600_000;

/** @type {Record<State['name'] | 'stalled' | 'unreachable', (since: string) => string>} */
const LABELS = {
  connecting: () => say('Connecting'),
  live: () => say('Live'),
  polling: () => say('Asking every 10 s'),
  reconnecting: () => say('Reconnecting'),
  offline: (time) => say('Offline since {time}', { time }),
  stalled: (time) => say('No news since {time}', { time }),
  unreachable: (time) => say('No sources since {time}', { time }),
};

/** @type {{label: HTMLElement, words: HTMLElement, age: HTMLElement} | null} */
let bar = null;
/** @type {State} */
let state = { name: 'connecting', since: new Date() };
/** Since when a connected page can't have news: the server can't read its posts, or reach any source. */
const troubles = { stalled: /** @type {Date | null} */ (null), unreachable: /** @type {Date | null} */ (null) };
/** @type {() => string | undefined} */
let newestAt = () => undefined;

/**
 * @param {HTMLElement} label
 * @param {State} current
 */
export function showState(label, current) {
  bar ??= build(label);
  state = current;
  show();
}

/**
 * Shows that the server can't read its posts, although the connection is open.
 *
 * @param {Date | null} since null: it can again
 */
export function showStalled(since) {
  troubles.stalled = since;
  show();
}

/**
 * Shows that the server can't reach any source.
 *
 * @param {Date | null} since null: it can again
 */
export function showUnreachable(since) {
  troubles.unreachable = since;
  show();
}

/**
 * Shows the age of the newest post beside "Live", and keeps it right.
 *
 * @param {() => string | undefined} newest when the newest post came
 * @returns {() => void} updates it now
 */
export function showAge(newest) {
  newestAt = newest;
  setInterval(showCurrentAge, AGE_INTERVAL);
  showCurrentAge();
  return showCurrentAge;
}

/** @param {HTMLElement} label */
function build(label) {
  const dot = document.createElement('span');
  dot.className = 'dot';
  const words = document.createElement('span');
  words.setAttribute('role', 'status');
  const age = document.createElement('span');
  age.className = 'age';
  label.replaceChildren(dot, words, age);
  return { label, words, age };
}

function show() {
  if (!bar) return;
  const isConnected = state.name === 'live' || state.name === 'polling';
  const [trouble, since] = Object.entries(troubles).find(([, since]) => since) ?? [];
  const name = /** @type {keyof LABELS} */ (isConnected && trouble ? trouble : state.name);
  const text = LABELS[name](later(isConnected && since ? since : state.since, new Date()));
  // Screen readers read a status whenever it is written: write changes only.
  if (bar.label.dataset.state !== name) bar.label.dataset.state = name;
  write(bar.words, text);
  showCurrentAge();
}

function showCurrentAge() {
  if (!bar) return;
  const isLive = bar.label.dataset.state === 'live' || bar.label.dataset.state === 'polling';
  const at = isLive ? newestAt() : undefined;
  if (!at) {
    bar.age.replaceChildren();
    bar.age.removeAttribute('title');
    return;
  }
  const [short, long] = ageWords(at);
  if (bar.age.title === long) return;
  bar.age.title = long;
  bar.age.replaceChildren(part(` · ${short}`, 'aria-hidden', 'true'), part(long, 'class', 'unseen'));
}

/**
 * @param {string} at
 * @returns {[short: string, long: string]} "3 min", "Newest post 3 min ago"
 */
function ageWords(at) {
  const age = Math.max(Date.now() - Date.parse(at), 0);
  if (age < MAX_AGE_NOW) return [say('just now'), say('Newest post just now')];
  const last = say('Last post {day}', { day: day(at) });
  if (age >= MAX_AGE_TOLD) return [last, last];
  const time = duration(age);
  return [time, say('Newest post {time} ago', { time })];
}

/**
 * @param {string} text
 * @param {string} name
 * @param {string} value
 */
function part(text, name, value) {
  const made = document.createElement('span');
  made.setAttribute(name, value);
  made.textContent = text;
  return made;
}

/**
 * @param {Element} element
 * @param {string} text
 */
function write(element, text) {
  if (element.textContent !== text) element.textContent = text;
}
