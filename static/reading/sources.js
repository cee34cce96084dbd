/**
 * The sources of a blog: how fresh each is, in the filter sheet, and whether it can be reached.
 *
 * @typedef {object} Source
 * @property {string} title
 * @property {string} mark
 * @property {number} hue
 * @property {string} state 'fresh', 'silent', 'unreachable' or 'waiting'
 * @property {string | null} last when it last had something new
 * @property {string | null} since when it became unreachable
 */

import { jittered, request } from '../connection/request.js';
import { shortName } from '../post/names.js';
import { labelOf, showFreshness } from './freshness.js';

/** Milliseconds between two requests; less while there is trouble, and while the page waits for its first posts. */
const INTERVAL = 60_000;
const TROUBLE_INTERVAL = 20_000;
const EMPTY_INTERVAL = 5_000;

/** The labels change with time. */
const PAINT_INTERVAL = 60_000;

/** Milliseconds after which the states are fetched again when the reader opens the sheet. */
const MAX_AGE = 10_000;

/**
 * @typedef {object} Follower
 * @property {() => boolean} isEmpty true while the page waits for its first posts
 * @property {(since: Date | null) => void} onStalled the server can't read its posts since then; null: it can
 * @property {(sources: Source[]) => void} onStates
 */

/**
 * Updates the states while the page is visible, and when the reader opens the sheet.
 *
 * @param {string} blog
 * @param {Follower} follower
 */
export async function followSources(blog, { isEmpty, onStalled, onStates }) {
  showFreshness();
  setInterval(showFreshness, PAINT_INTERVAL);
  let readAt = new Date();
  let isTroubled = false;
  let askedAt = Date.now();
  const untilDue = pauseUntilOpened(() => Date.now() - askedAt > MAX_AGE);
  for (;;) {
    await untilDue(jittered(isEmpty() ? EMPTY_INTERVAL : isTroubled ? TROUBLE_INTERVAL : INTERVAL));
    await untilVisible();
    askedAt = Date.now();
    const response = await request(`/${blog}/sources`).catch(() => null);
    /** @type {Source[] | null} */
    const sources = response?.ok ? await response.json().then((answer) => answer.sources, () => null) : null;
    if (sources) {
      readAt = new Date();
      isTroubled = sources.every(({ state }) => state === 'unreachable');
      onStalled(null);
      update(sources);
      onStates(sources);
    } else if (response?.status === 503) {
      isTroubled = true;
      onStalled(readAt);
    }
  }
}

/**
 * Updates the lines in their order: the reader may be about to press one.
 *
 * @param {Source[]} sources
 */
function update(sources) {
  const list = document.getElementById('sources');
  if (!list) return;
  const lines = new Map([...list.children].map((line) => [line.getAttribute('data-title'), line]));
  for (const source of sources) {
    const line = lines.get(source.title) ?? list.appendChild(newLine(source));
    const label = labelOf(line);
    if (!label) continue;
    label.dataset.state = source.state;
    label.dataset.last = source.last ?? '';
    label.dataset.since = source.since ?? '';
  }
  showFreshness();
}

/**
 * A line for a source that the sheet does not have yet, like those of templates/filter.html.
 *
 * @param {Source} source
 */
function newLine({ title, mark, hue }) {
  const line = document.createElement('li');
  line.dataset.title = title;
  const box = document.createElement('input');
  box.type = 'checkbox';
  box.name = 'source';
  box.value = title;
  const tile = document.createElement('span');
  tile.className = `tile hue-${hue}`;
  tile.setAttribute('aria-hidden', 'true');
  tile.textContent = mark;
  const name = document.createElement('bdi');
  name.textContent = shortName(title);
  const label = document.createElement('label');
  label.append(box, tile, name);
  const freshness = document.createElement('span');
  freshness.className = 'freshness';
  line.append(label, ' ', freshness);
  return line;
}

async function untilVisible() {
  while (document.hidden) {
    await new Promise((resolve) => {
      document.addEventListener('visibilitychange', resolve, { once: true });
    });
  }
}

/**
 * @param {() => boolean} isDue true if a pause ends when the sheet is opened
 * @returns {(milliseconds: number) => Promise<void>}
 */
function pauseUntilOpened(isDue) {
  const sheet = /** @type {HTMLDetailsElement | null} */ (document.getElementById('filters'));
  let end = () => {};
  sheet?.addEventListener('toggle', () => {
    if (sheet.open && isDue()) end();
  });
  return (milliseconds) =>
    new Promise((resolve) => {
      end = resolve;
      setTimeout(resolve, milliseconds);
    });
}
