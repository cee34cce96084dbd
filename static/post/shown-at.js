/**
 * The time that a post shows: its own where it was found late. pages/shown_at.py computes the same.
 */

/** Milliseconds. A post found later than this after its own date shows that date; it stays at its position. */
const LATE = 300_000;

/** Feeds that have days without times: their posts of today would look hours old. */
const MIDNIGHT = 'T00:00:00Z';

/** @param {{date_published?: string, _livelog: {position: string}}} item */
export function shownAt({ date_published: published, _livelog: { position } }) {
  if (!published || published.endsWith(MIDNIGHT)) return position;
  return Date.parse(position) - Date.parse(published) > LATE ? published : position;
}
