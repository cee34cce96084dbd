/** Requests of the page to its server, each with a timeout. */

import { parsePage } from '../post/html.js';

/** Milliseconds until a request without an answer is given up, and one whose answer has begun. */
const TIMEOUT = 10_000;

/**
 * Fetches an address. One timeout is for the head of the answer, one for the body. AbortSignal.any would replace the
 * listener, and needs Chrome 116, Firefox 124 or Safari 17.4.
 *
 * @param {string} address
 * @param {RequestInit & {timeout?: number, bodyTimeout?: number}} [options]
 * @returns {Promise<Response>} rejects like `fetch`, and with an AbortError at the timeout
 */
export async function request(address, { timeout = TIMEOUT, bodyTimeout = TIMEOUT, signal, ...options } = {}) {
  const ended = new AbortController();
  const end = () => ended.abort();
  const timer = setTimeout(end, timeout);
  if (signal?.aborted) end();
  signal?.addEventListener('abort', end, { signal: ended.signal });
  const response = await fetch(address, { ...options, signal: ended.signal });
  clearTimeout(timer);
  setTimeout(end, bodyTimeout);
  return response;
}

/**
 * Fetches a page of this server. Nothing in it is loaded or run.
 *
 * @param {string} address
 * @returns {Promise<Document | null>} null if the server does not answer
 */
export async function requestPage(address) {
  try {
    const response = await request(address, { cache: 'no-store', headers: { Accept: 'text/html' } });
    return response.ok ? parsePage(await response.text()) : null;
  } catch {
    return null;
  }
}

/**
 * @param {number} milliseconds none if negative
 * @returns {Promise<void>}
 */
export function pause(milliseconds) {
  return new Promise((resolve) => {
    setTimeout(resolve, milliseconds);
  });
}

/**
 * A duration of 75 to 125 %, so that pages do not ask together.
 *
 * @param {number} milliseconds
 */
export const jittered = (milliseconds) => milliseconds * (0.75 + Math.random() / 2);
