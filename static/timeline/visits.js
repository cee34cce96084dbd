/** The newest post of each blog that the reader was shown, kept in this browser until the next visit. */

import { setSetting, setting } from '../reading/settings.js';

/**
 * @typedef {import('./posts.js').Key} Key
 * @typedef {Key & {at: string}} Visit when the reader left, and the newest post until then
 */

const NAME = 'visits';
const MAX_BLOGS = 50;

/**
 * @param {string} blog
 * @returns {Visit | null} the last one, until the next call of `rememberVisit`
 */
export function lastVisit(blog) {
  const visit = visits().find(([name]) => name === blog)?.[1];
  return visit && !Number.isNaN(Date.parse(visit.at)) && visit.position && visit.id ? visit : null;
}

/**
 * @param {string} blog
 * @param {Key} newest
 */
export function rememberVisit(blog, { id, position }) {
  const others = visits().filter(([name]) => name !== blog);
  /** @type {[string, Visit]} */
  const own = [blog, { id, position, at: new Date().toISOString() }];
  setSetting(NAME, JSON.stringify([own, ...others].slice(0, MAX_BLOGS)));
}

/** @returns {[blog: string, visit: Visit][]} the last one first */
function visits() {
  try {
    const kept = JSON.parse(setting(NAME) ?? '[]');
    return Array.isArray(kept) ? kept.filter((one) => typeof one?.[0] === 'string' && typeof one[1] === 'object' && one[1]) : [];
  } catch {
    return [];
  }
}
