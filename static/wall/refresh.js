/**
 * Fetches the wall's page anew: when the stream cannot say what is missing, and once an hour, so that a screen that
 * nobody attends is right after weeks. After an upgrade of the server, the page is loaded anew.
 */

import { jittered, pause, requestPage } from '../connection/request.js';

/** Milliseconds. Walls must not ask together, nor often. */
const INTERVAL = 3_600_000;
const DELAY = 2_000;
const RETRY = 20_000;

let isAsked = false;
let wake = () => {};

/** Asks for the page, soon. */
export function refresh() {
  isAsked = true;
  wake();
}

/** @param {(page: Document) => void} onPage */
export async function keepFresh(onPage) {
  for (;;) {
    await untilDue();
    await pause(jittered(DELAY));
    isAsked = false;
    const page = await requestPage(location.href);
    if (page && scriptOf(page) !== scriptOf(document)) location.reload();
    else if (page) onPage(page);
    else {
      isAsked = true;
      await pause(jittered(RETRY));
    }
  }
}

/** @returns {Promise<void>} */
function untilDue() {
  return new Promise((resolve) => {
    const timer = setTimeout(resolve, isAsked ? 0 : jittered(INTERVAL));
    wake = () => {
      clearTimeout(timer);
      resolve();
    };
  });
}

/** @param {Document} page */
const scriptOf = (page) => page.querySelector('script[src]')?.getAttribute('src');
