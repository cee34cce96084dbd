/** Batches: messages that arrive together are handled together, once a frame, as many as a frame has time for. */

/** Milliseconds until a timer replaces the frame: hidden tabs get no frames, and busy pages few. */
const MAX_DELAY = 250;

/** More messages than this don't wait in a hidden tab, whose timers may take a minute. */
const MAX_HIDDEN = 500;

/**
 * @template T
 * @param {(items: T[]) => number} handle returns how many it had time for; the others follow in the next batch
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
    timer = setTimeout(flush, MAX_DELAY);
  }

  return (item) => {
    waiting.push(item);
    if (waiting.length === MAX_HIDDEN && document.hidden) flush();
    else if (waiting.length === 1) flushSoon();
  };
}
