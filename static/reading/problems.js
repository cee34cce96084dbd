/** While the page waits for its first posts, it keeps saying which sources can't be reached. */

import { parsePage } from '../post/html.js';

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
  const page = await fetchPage().catch(() => null);
  const sentences = page && textsOf(page.getElementById(problems.id));
  if (!page || !sentences || sentences.join() === textsOf(problems)?.join()) return;
  problems.replaceChildren(...sentences.map(line));
  // What can be done about it may be another thing by now.
  const advice = page.getElementById('empty');
  if (advice) document.getElementById('empty')?.replaceChildren(...advice.childNodes);
}

/** @returns {Promise<Document | null>} null if the server has no answer now */
async function fetchPage() {
  const response = await fetch(location.href, { cache: 'no-store' });
  return response.ok ? parsePage(await response.text()) : null;
}

/**
 * @param {Element | null} element
 * @returns {string[] | null}
 */
function textsOf(element) {
  return element && [...element.children].map((child) => child.textContent ?? '');
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
