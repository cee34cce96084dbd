/** Items of posts that the page shows in brief: the newest that it was sent, and others when they are asked for. */

import { request } from '../connection/request.js';

/** @typedef {import('./post.js').Item} Item */

const MAX_KEPT = 100;

/** @type {Map<string, Item>} */
const kept = new Map();

/** @param {Item} item */
export function keepItem(item) {
  kept.delete(item.id);
  kept.set(item.id, item);
  const [oldest] = kept.keys();
  if (kept.size > MAX_KEPT && oldest !== undefined) kept.delete(oldest);
}

/**
 * The item of an article, at least as new as the article.
 *
 * @param {HTMLElement} article
 * @param {string} blog
 * @returns {Promise<Item | null>} null if the blog has it no more; rejects if it cannot be fetched
 */
export async function itemOf(article, blog) {
  const { id = '', revision = '' } = article.dataset;
  const own = kept.get(id);
  if (own && isCurrent(own, revision)) return own;
  const address = `/${blog}/e/${encodeURIComponent(id)}`;
  // What was opened before is in the browser's cache.
  const cached = await fetchItem(address, 'force-cache');
  return cached && isCurrent(cached, revision) ? cached : fetchItem(address, 'no-cache');
}

/**
 * @param {Item} item
 * @param {string} revision
 */
function isCurrent({ _livelog }, revision) {
  return _livelog.revision >= Number(revision);
}

/**
 * @param {string} address
 * @param {RequestCache} cache
 * @returns {Promise<Item | null>}
 */
async function fetchItem(address, cache) {
  const response = await request(address, { cache, headers: { Accept: 'application/json' } });
  if (response.status === 404 || response.status === 410) return null;
  if (!response.ok) throw new Error(response.statusText);
  return response.json();
}
