/**
 * Sentences about sources that can't be reached, in short: the reasons are the operator's. pages/source_text.py writes
 * the same.
 *
 * @typedef {import('./sources.js').Source} Source
 */

import { shortName } from '../post/names.js';
import { sinceWhen } from './freshness.js';
import { say } from './words.js';

/** More are folded: the posts come first. */
const MAX_UNFOLDED = 3;

/**
 * @param {Source[]} sources
 * @returns {Date | null} since when none of them can be reached; null if one can
 */
export function unreachableSince(sources) {
  if (sources.length === 0 || sources.some(({ state }) => state !== 'unreachable')) return null;
  return new Date(Math.max(...sources.map(({ since }) => Date.parse(since ?? ''))));
}

/** @param {Source[]} sources */
function problemSentences(sources) {
  const none = sources.length > 1 ? unreachableSince(sources) : null;
  if (none) return [say('No source can be reached since {time}', { time: sinceWhen(none) })];
  return sources
    .filter(({ state }) => state === 'unreachable')
    .map(({ title, since }) =>
      say('{name} can’t be reached since {time}', {
        name: `\u2068${shortName(title)}\u2069`,
        time: since ? sinceWhen(new Date(since)) : '',
      }));
}

/**
 * Shows the problems in the page, and for a page without posts the advice that goes with them.
 *
 * @param {Source[]} sources
 */
export function showProblems(sources) {
  const problems = document.getElementById('problems');
  const sentences = problemSentences(sources);
  if (problems && sentences.join() !== textsOf(problems).join()) write(problems, sentences);
  const isUnreachable = unreachableSince(sources) !== null;
  for (const advice of /** @type {NodeListOf<HTMLElement>} */ (document.querySelectorAll('#empty > [data-unreachable]'))) {
    advice.hidden = (advice.dataset.unreachable === 'true') !== isUnreachable;
  }
}

/** @param {Element} problems */
const textsOf = (problems) => [...problems.querySelectorAll('p')].map((sentence) => sentence.textContent ?? '');

/**
 * @param {Element} problems
 * @param {string[]} sentences
 */
function write(problems, sentences) {
  const paragraphs = sentences.map(paragraph);
  if (paragraphs.length <= MAX_UNFOLDED) {
    problems.replaceChildren(...paragraphs);
    return;
  }
  const fold = document.createElement('details');
  fold.open = problems.querySelector('details')?.open ?? false;
  const summary = document.createElement('summary');
  summary.textContent = say('{n} sources cannot be reached', { n: sentences.length });
  fold.append(summary, ...paragraphs);
  problems.replaceChildren(fold);
}

/** @param {string} sentence */
function paragraph(sentence) {
  const element = document.createElement('p');
  element.dir = 'auto';
  element.textContent = sentence;
  return element;
}
