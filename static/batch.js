/** Messages that arrive together are shown together, once a frame. */

/** Hidden tabs get no frames, and a busy page few: then a timer takes over. */
const AT_LATEST = 250;

/** A hidden tab's timer may take a minute: more than this does not wait for it. */
const MOST_WAITING = 500;

/**
 * @template T
 * @param {(items: T[]) => void} handle
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
    handle(batch);
  }

  return (item) => {
    waiting.push(item);
    if (waiting.length >= MOST_WAITING) {
      flush();
    } else if (waiting.length === 1) {
      frame = requestAnimationFrame(flush);
      timer = setTimeout(flush, AT_LATEST);
    }
  };
}
