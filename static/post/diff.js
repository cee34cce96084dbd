/**
 * The difference of two texts by words: the shortest edit script (Myers, 1986). It gives up if that script is long: then
 * the texts have little in common.
 *
 * @typedef {'same' | 'gone' | 'new'} Kind
 * @typedef {{kind: Kind, text: string}} Part
 *
 * @typedef {object} Bounds
 * @property {number} [words] of both texts together
 * @property {number} [changes] words that are gone or new
 * @property {number} [time] in milliseconds
 */

const MAX_WORDS = 30_000;
const MAX_CHANGES = 1_500;
const MAX_TIME = 100;

/** The share of the longer text that both have in common; with less, the texts are shown one after the other. */
const MIN_COMMON = 0.25;

/** Unchanged words that are shown on each side of a change. */
const CONTEXT = 12;

const segmenter = typeof Intl.Segmenter === 'function' ? new Intl.Segmenter(undefined, { granularity: 'word' }) : null;

/** For browsers without Intl.Segmenter: scripts without spaces between words are split by character. */
const WORDS = /[\p{sc=Han}\p{sc=Hira}\p{sc=Kana}\p{sc=Thai}]|[\p{L}\p{M}\p{N}]+|\s+|[^\p{L}\p{M}\p{N}\s]/gu;

/**
 * The words, punctuation and line breaks of a text, each with the white space after it: joined, they are the text.
 *
 * @param {string} text
 * @returns {string[]}
 */
export function words(text) {
  /** @type {string[]} */
  const found = [];
  for (const segment of segments(text)) {
    const last = found.length - 1;
    const isSpace = /^[^\S\n]+$/.test(segment);
    if (isSpace && last >= 0 && !found[last]?.endsWith('\n')) found[last] += segment;
    else found.push(segment);
  }
  return found;
}

/** @param {string} text */
function segments(text) {
  return segmenter ? Array.from(segmenter.segment(text), ({ segment }) => segment) : (text.match(WORDS) ?? []);
}

/**
 * The parts of both texts in their order; removed words come before those that replace them.
 *
 * @param {string} before
 * @param {string} after
 * @param {Bounds} [bounds]
 * @returns {Part[] | null} null if they are too long, or too different
 */
export function diff(before, after, { words: most = MAX_WORDS, changes = MAX_CHANGES, time = MAX_TIME } = {}) {
  const old = words(before);
  const now = words(after);
  if (old.length + now.length > most) return null;
  const head = common(old.length, now.length, (n) => isSame(old[n], now[n]));
  const rest = Math.min(old.length, now.length) - head;
  const tail = common(rest, rest, (n) => isSame(old[old.length - 1 - n], now[now.length - 1 - n]));
  const middle = edits(old.slice(head, old.length - tail), now.slice(head, now.length - tail), changes, time);
  if (!middle) return null;
  /** @type {Part[]} */
  const all = now.slice(0, head).map(same).concat(middle, now.slice(now.length - tail).map(same));
  const kept = all.filter(({ kind, text }) => kind === 'same' && text.trim()).length;
  if (kept < MIN_COMMON * Math.max(old.length, now.length)) return null;
  return joined(all);
}

/**
 * Parts without the middle of long unchanged ones.
 *
 * @param {Part[]} parts
 * @returns {Part[]}
 */
export function shortened(parts) {
  return parts.map((part, n) => (part.kind === 'same' ? same(inShort(part.text, n > 0, n < parts.length - 1)) : part));
}

/**
 * @param {string} text
 * @param {boolean} follows a change
 * @param {boolean} leads to one
 */
function inShort(text, follows, leads) {
  const all = words(text);
  const head = follows ? CONTEXT : 0;
  const tail = leads ? CONTEXT : 0;
  if (all.length <= head + tail + 3) return text;
  const beginning = all.slice(0, head).join('').trimEnd();
  const end = all.slice(all.length - tail).join('');
  return `${beginning}${head ? ' …' : '…'}${tail ? ` ${end.trimStart()}` : ''}`;
}

/**
 * @param {number} one
 * @param {number} other
 * @param {(n: number) => boolean} isSameAt
 */
function common(one, other, isSameAt) {
  let count = 0;
  while (count < one && count < other && isSameAt(count)) count += 1;
  return count;
}

/**
 * Compares words without the white space after them.
 *
 * @param {string | undefined} one
 * @param {string | undefined} other
 */
function isSame(one, other) {
  return one === other || (one !== '\n' && other !== '\n' && one?.trimEnd() === other?.trimEnd());
}

/** @param {string} text @returns {Part} */
const same = (text) => ({ kind: 'same', text });

/**
 * @param {string[]} old
 * @param {string[]} now
 * @param {number} most
 * @param {number} time
 * @returns {Part[] | null}
 */
function edits(old, now, most, time) {
  const deadline = performance.now() + time;
  // trail[d][k + d]: the position in the old text after d changes, if k more words are gone than new.
  /** @type {Int32Array[]} */
  const trail = [];
  for (let d = 0; d <= Math.min(most, old.length + now.length); d += 1) {
    if (performance.now() > deadline) return null;
    const reach = furthest(old, now, trail.at(-1), d);
    trail.push(reach);
    const end = old.length - now.length;
    if (Math.abs(end) <= d && (reach[end + d] ?? -1) >= old.length) return traced(old, now, trail);
  }
  return null;
}

/**
 * @param {string[]} old
 * @param {string[]} now
 * @param {Int32Array | undefined} last
 * @param {number} d
 */
function furthest(old, now, last, d) {
  const reach = new Int32Array(2 * d + 1).fill(-1);
  for (let k = -d; k <= d; k += 2) {
    let x = last ? start(last, k, d) : 0;
    while (x < old.length && x - k < now.length && isSame(old[x], now[x - k])) x += 1;
    reach[k + d] = x;
  }
  return reach;
}

/**
 * The first point of a diagonal: one removed word from the diagonal below, or one added word from that above.
 *
 * @param {Int32Array} last
 * @param {number} k
 * @param {number} d
 */
function start(last, k, d) {
  const below = last[k - 1 + d - 1] ?? -1;
  const above = last[k + 1 + d - 1] ?? -1;
  return takesNew(below, above, k, d) ? above : below + 1;
}

/**
 * @param {number} below
 * @param {number} above
 * @param {number} k
 * @param {number} d
 */
function takesNew(below, above, k, d) {
  return k === -d || (k !== d && below < above);
}

/**
 * Follows the edit script from its end to its beginning.
 *
 * @param {string[]} old
 * @param {string[]} now
 * @param {Int32Array[]} trail
 */
function traced(old, now, trail) {
  /** @type {Part[]} */
  const parts = [];
  let x = old.length;
  let y = now.length;
  for (let d = trail.length - 1; d >= 0; d -= 1) {
    const last = trail[d - 1];
    const k = x - y;
    const isNew = last !== undefined && takesNew(last[k + d - 2] ?? -1, last[k + d] ?? -1, k, d);
    const begin = last ? start(last, k, d) : 0;
    while (x > begin) {
      x -= 1;
      y -= 1;
      parts.push(same(now[y] ?? ''));
    }
    if (!last) break;
    if (isNew) y -= 1;
    else x -= 1;
    parts.push(isNew ? { kind: 'new', text: now[y] ?? '' } : { kind: 'gone', text: old[x] ?? '' });
  }
  return parts.reverse();
}

/**
 * Joins neighbours of one kind. Punctuation between two changes counts as changed: it is read with them.
 *
 * @param {Part[]} parts
 */
function joined(parts) {
  /** @type {Part[]} */
  const all = [];
  let gone = '';
  let fresh = '';
  const flush = () => {
    if (gone) all.push({ kind: 'gone', text: gone });
    if (fresh) all.push({ kind: 'new', text: fresh });
    gone = '';
    fresh = '';
  };
  parts.forEach(({ kind, text }, n) => {
    const isBetween = (gone || fresh) && !/[\p{L}\p{N}\n]/u.test(text) && parts[n + 1] && parts[n + 1]?.kind !== 'same';
    if (kind === 'gone' || (kind === 'same' && isBetween)) gone += text;
    if (kind === 'new' || (kind === 'same' && isBetween)) fresh += text;
    if (kind !== 'same' || isBetween) return;
    flush();
    const last = all.at(-1);
    if (last?.kind === 'same') last.text += text;
    else all.push(same(text));
  });
  flush();
  return all;
}
