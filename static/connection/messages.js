/**
 * The messages of the server, the same by every transport. Unknown types and keys are ignored: a newer server may send
 * them to pages that were opened before its upgrade.
 *
 * @typedef {import('../post/post.js').Item} Item
 *
 * @typedef {{after: string, reason: 'expired' | 'epoch' | 'slow'}} Gap
 * @typedef {{type: 'hello', cursor: string, recovered?: boolean, missed?: number, alive?: number}} Hello alive: seconds
 *   between two signs of life
 * @typedef {{type: 'alive', cursor: string}} Alive a sign of life
 * @typedef {{type: 'entry' | 'update', cursor: string, item: Item}} ItemChange
 * @typedef {{type: 'delete', cursor: string, id: string, isLate?: boolean}} DeleteChange isLate: withdrawn during an
 *   absence, at an unknown time
 * @typedef {{type: 'reset', cursor: string, gap?: Gap, items: Item[], sure?: Date}} ResetChange sure: until then the
 *   page was certainly complete
 * @typedef {ItemChange | DeleteChange | ResetChange} Change
 * @typedef {{type: 'unknown', cursor: string | null}} Unknown
 * @typedef {Hello | Alive | Change} Message
 */

/** The types that the page knows. */
export const TYPES = ['hello', 'alive', 'entry', 'update', 'delete', 'reset'];

const CURSOR = /^(.+)\.(\d+)$/;

/**
 * @param {string} data
 * @returns {Message | Unknown}
 * @throws {SyntaxError} if it is not JSON, or of a known type without a cursor
 */
export function parseMessage(data) {
  const message = JSON.parse(data);
  const cursor = cursorOf(message);
  if (!TYPES.includes(message?.type)) return { type: 'unknown', cursor };
  if (cursor === null) throw new SyntaxError(data);
  return message;
}

/**
 * @param {any} message
 * @returns {string | null} null if it has no valid cursor
 */
export function cursorOf(message) {
  const cursor = message?.cursor;
  return typeof cursor === 'string' && CURSOR.test(cursor) ? cursor : null;
}

/**
 * The number of events between two cursors: 0 or less if the page has the event already. NaN between two epochs.
 *
 * @param {string} cursor
 * @param {string} own
 */
export function stepsFrom(cursor, own) {
  const [, epoch, seq] = CURSOR.exec(cursor) ?? [];
  const [, ownEpoch, ownSeq] = CURSOR.exec(own) ?? [];
  return epoch === ownEpoch ? Number(seq) - Number(ownSeq) : NaN;
}
