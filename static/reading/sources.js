/**
 * How fresh each source is, in the list of filters; and whether the server can read its posts at all.
 *
 * @typedef {object} Source
 * @property {string} title
 * @property {string} mark
 * @property {number} hue
 * @property {string} state 'fresh', 'silent', 'unreachable' or 'waiting'
 * @property {string | null} last when it was last heard of
 * @property {string | null} since when it could not be reached any more
 */

import { clock, day, moment } from './clock.js';
import { filterAddress } from './filter.js';
import { say } from './words.js';

const EVERY = 120_000;

/** As long as the server has no answer, it is asked more often: the page should not be in doubt for long. */
const EVERY_IN_DOUBT = 20_000;

/** For who opens the list, what was asked for so long ago is old. */
const OLD = 10_000;

const MINUTE = 60_000;

/** A source is silent from this on; the server counts the same. */
const SILENT_FROM = 30;
const HOURS_FROM = 120;
const DAYS_FROM = 48 * 60;

/** Says how fresh the sources are in the reader's language and time, from what the server knew. */
export function showFreshness() {
  paint(document.getElementById('sources'));
}

/**
 * Keeps asking for as long as the page is in view, and when the reader opens the list.
 *
 * @param {string} blog
 * @param {(lastSure: Date | null) => void} onDoubt the server cannot read its posts, and could until then; null: it can
 */
export async function followSources(blog, onDoubt) {
  const list = document.getElementById('sources');
  paint(list);
  setInterval(() => paint(list), MINUTE);
  let lastSure = new Date();
  let isSure = true;
  let asked = Date.now();
  const pause = pauseUntilOpened(() => Date.now() - asked > OLD);
  for (;;) {
    await pause((isSure ? EVERY : EVERY_IN_DOUBT) * (0.75 + Math.random() / 2));
    await inView();
    asked = Date.now();
    const response = await fetch(`/${blog}/sources`).catch(() => null);
    if (response?.ok) {
      lastSure = new Date();
      isSure = true;
      onDoubt(null);
      show(list, blog, (await response.json().catch(() => ({ sources: [] }))).sources);
    } else if (response?.status === 503) {
      isSure = false;
      onDoubt(lastSure);
    }
  }
}

/**
 * Sources keep their places: a reader may be about to press one.
 *
 * @param {HTMLElement | null} list
 * @param {string} blog
 * @param {Source[]} sources
 */
function show(list, blog, sources) {
  if (!list) return;
  const lines = new Map(linesOf(list).map((line) => [line.dataset.title, line]));
  for (const source of sources) {
    const line = lines.get(source.title) ?? list.appendChild(newLine(source, blog));
    const label = labelOf(line);
    if (!label) continue;
    label.dataset.state = source.state;
    label.dataset.last = source.last ?? '';
    label.dataset.since = source.since ?? '';
  }
  paint(list);
}

/** @param {HTMLElement | null} list */
function paint(list) {
  for (const line of list ? linesOf(list) : []) {
    const label = labelOf(line);
    if (!label) continue;
    const { state, last } = label.dataset;
    // Time goes by between two answers.
    if (state === 'fresh' && last && minutesSince(last) > SILENT_FROM) label.dataset.state = 'silent';
    const text = words(label.dataset);
    if (label.textContent !== text) label.textContent = text;
  }
}

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

/**
 * @param {Source} source
 * @param {string} blog
 */
function newLine({ title, mark, hue }, blog) {
  const line = document.createElement('li');
  line.dataset.title = title;
  const tile = document.createElement('span');
  tile.className = `tile hue-${hue}`;
  tile.ariaHidden = 'true';
  tile.textContent = mark;
  const name = document.createElement('bdi');
  name.textContent = title;
  const link = document.createElement('a');
  link.href = filterAddress(blog, 'source', title);
  link.append(tile, name);
  const freshness = document.createElement('span');
  freshness.className = 'freshness';
  line.append(link, ' ', freshness);
  return line;
}

/**
 * @param {HTMLElement} line
 * @returns {HTMLElement | null}
 */
function labelOf(line) {
  return line.querySelector('.freshness');
}

/** @param {HTMLElement} list */
function linesOf(list) {
  return /** @type {HTMLElement[]} */ ([...list.children]);
}

async function inView() {
  while (document.hidden) {
    await new Promise((resolve) => {
      document.addEventListener('visibilitychange', resolve, { once: true });
    });
  }
}

/**
 * @param {() => boolean} isWorthIt whether to end a pause when the list is opened
 * @returns {(milliseconds: number) => Promise<void>}
 */
function pauseUntilOpened(isWorthIt) {
  const filters = /** @type {HTMLDetailsElement | null} */ (document.getElementById('filters'));
  let goOn = () => {};
  filters?.addEventListener('toggle', () => {
    if (filters.open && isWorthIt()) goOn();
  });
  return (milliseconds) =>
    new Promise((resolve) => {
      goOn = resolve;
      setTimeout(resolve, milliseconds);
    });
}
