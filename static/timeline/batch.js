/** Messages that arrive together are shown together, once a frame, and no more of them than a frame has time for. */

/** Hidden tabs get no frames, and a busy page few: then a timer takes over. */
const AT_LATEST = 250;

/** A hidden tab's timer may take a minute: more than this does not wait for it. */
const MOST_WAITING = 500;

/**
 * @template T
 * @param {(items: T[]) => number} handle says how many of them it had the time for; the others come again
 * @returns {(item: T) => void}
 */
export function inBatches(handle) {
  /** @type {T[]} */
  let waiting = [];
  let frame = 0;
  /** @type {ReturnType<typeof setTimeout> | undefined} */
  let timer;

  function flush() {
    cancelAnimationFrame(frame);
    clearTimeout(timer);
    const batch = waiting;
    waiting = [];
    waiting = [...batch.slice(Math.max(handle(batch), 1)), ...waiting];
    if (waiting.length > 0) flushSoon();
  }

  function flushSoon() {
    frame = requestAnimationFrame(flush);
    timer = setTimeout(flush, AT_LATEST);
  }

  return (item) => {
    waiting.push(item);
    if (waiting.length === MOST_WAITING && document.hidden) flush();
    else if (waiting.length === 1) flushSoon();
  };
}
