/** While the page waits for its first posts, it keeps saying which sources can't be reached. */

import { parsePage } from './html.js';

const EVERY = 5_000;

/**
 * Ends one look after the first post: what that post's source suffered from may be over.
 *
 * @param {HTMLElement} problems
 * @param {() => boolean} isWaiting
 */
export async function followProblems(problems, isWaiting) {
  while (isWaiting()) {
    await pause(EVERY * (0.75 + Math.random() / 2));
    if (!document.hidden) await refresh(problems);
  }
}

/** @param {HTMLElement} problems */
async function refresh(problems) {
  const sentences = await fetchSentences(problems.id).catch(() => null);
  if (!sentences || sentences.join() === [...problems.children].map((line) => line.textContent).join()) return;
  problems.replaceChildren(...sentences.map(line));
}

/**
 * @param {string} id
 * @returns {Promise<string[] | null>} null if the server has no answer now
 */
async function fetchSentences(id) {
  const response = await fetch(location.pathname, { cache: 'no-store' });
  if (!response.ok) return null;
  const found = parsePage(await response.text()).getElementById(id);
  return found && [...found.children].map((element) => element.textContent ?? '');
}

/** @param {string} sentence */
function line(sentence) {
  const paragraph = document.createElement('p');
  paragraph.dir = 'auto';
  paragraph.textContent = sentence;
  return paragraph;
}

/** @param {number} milliseconds */
function pause(milliseconds) {
  return new Promise((resolve) => {
    setTimeout(resolve, milliseconds);
  });
}
