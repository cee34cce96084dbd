/**
 * The sources of a blog: how fresh each is, in the filter sheet, and sentences about those that can't be reached, while
 * the page waits for its first posts.
 *
 * @typedef {object} Source
 * @property {string} title
 * @property {string} mark
 * @property {number} hue
 * @property {string} state 'fresh', 'silent', 'unreachable' or 'waiting'
 * @property {string | null} last when it last had something new
 * @property {string | null} since when it became unreachable
 */

import { jittered, pause, request, requestPage } from '../connection/request.js';
import { shortName } from '../post/names.js';
import { labelOf, showFreshness } from './freshness.js';

/** Milliseconds between two requests; less while the server can't read its posts. */
const INTERVAL = 120_000;
const STALLED_INTERVAL = 20_000;
const PROBLEMS_INTERVAL = 5_000;

/** The labels change with time. */
const PAINT_INTERVAL = 60_000;

/** Milliseconds after which the states are fetched again when the reader opens the sheet. */
const MAX_AGE = 10_000;

/**
 * Updates the states while the page is visible, and when the reader opens the sheet.
 *
 * @param {string} blog
 * @param {(since: Date | null) => void} onStalled the server can't read its posts since then; null: it can
 */
export async function followSources(blog, onStalled) {
  showFreshness();
  setInterval(showFreshness, PAINT_INTERVAL);
  let readAt = new Date();
  let isStalled = false;
  let askedAt = Date.now();
  const untilDue = pauseUntilOpened(() => Date.now() - askedAt > MAX_AGE);
  for (;;) {
    await untilDue(jittered(isStalled ? STALLED_INTERVAL : INTERVAL));
    await untilVisible();
    askedAt = Date.now();
    const response = await request(`/${blog}/sources`).catch(() => null);
    if (response?.ok) {
      readAt = new Date();
      isStalled = false;
      onStalled(null);
      update((await response.json().catch(() => ({ sources: [] }))).sources);
    } else if (response?.status === 503) {
      isStalled = true;
      onStalled(readAt);
    }
  }
}

/**
 * Updates the sentences about unreachable sources until the page has a post, and once more.
 *
 * @param {HTMLElement} problems
 * @param {() => boolean} isWaiting
 */
export async function followProblems(problems, isWaiting) {
  while (isWaiting()) {
    await pause(jittered(PROBLEMS_INTERVAL));
    if (!document.hidden) await updateProblems(problems);
  }
}

/** @param {HTMLElement} problems */
async function updateProblems(problems) {
  const page = await requestPage(location.href);
  const sentences = page && textsOf(page.getElementById(problems.id));
  if (!page || !sentences || sentences.join() === textsOf(problems)?.join()) return;
  problems.replaceChildren(...sentences.map(paragraph));
  // The advice depends on the problems.
  const advice = page.getElementById('empty');
  if (advice) document.getElementById('empty')?.replaceChildren(...advice.childNodes);
}

/**
 * @param {Element | null} element
 * @returns {string[] | null}
 */
function textsOf(element) {
  return element && [...element.children].map((child) => child.textContent ?? '');
}

/** @param {string} sentence */
function paragraph(sentence) {
  const element = document.createElement('p');
  element.dir = 'auto';
  element.textContent = sentence;
  return element;
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
