/** The blog's events by asking again and again, where no connection stays open. */

/** @typedef {import('./stream.js').Message} Message */

/** How long after an answer the next question is asked: each reader at another moment, and rarely where nobody looks. */
const EVERY = 10_000;
const EVERY_HIDDEN = 60_000;

/** An answer that takes longer is none. */
const ANSWER_WITHIN = 20_000;

/** @type {import('./stream.js').Open} */
export function openPolling(blog, cursor, { onMessage, onLost, onSign }) {
  const gone = new AbortController();
  void poll(blog, cursor, { onMessage, onLost, onSign }, gone.signal);
  return () => gone.abort();
}

/**
 * @param {string} blog
 * @param {string} cursor
 * @param {import('./stream.js').Ends} ends
 * @param {AbortSignal} gone
 */
async function poll(blog, cursor, { onMessage, onLost, onSign }, gone) {
  let after = cursor;
  let isFirst = true;
  while (!gone.aborted) {
    const messages = await ask(blog, after, gone).catch(() => null);
    if (gone.aborted) return;
    if (!messages) {
      onLost();
      return;
    }
    after = messages.at(-1)?.cursor ?? after;
    // One connection has one hello.
    for (const message of isFirst ? messages : messages.slice(1)) {
      if (!gone.aborted) onMessage(JSON.stringify(message));
    }
    isFirst = false;
    onSign();
    await pause(gone);
  }
}

/**
 * @param {string} blog
 * @param {string} after
 * @param {AbortSignal} gone
 * @returns {Promise<Message[] | null>} null if the server has no answer now
 */
async function ask(blog, after, gone) {
  const query = new URLSearchParams({ after });
  const signal = AbortSignal.any([gone, AbortSignal.timeout(ANSWER_WITHIN)]);
  const response = await fetch(`/${blog}/entries?${query}`, { cache: 'no-cache', signal });
  return response.ok ? (await response.json())._livelog.messages : null;
}

/**
 * Ends early when the reader comes back to the tab.
 *
 * @param {AbortSignal} gone
 * @returns {Promise<void>}
 */
function pause(gone) {
  return new Promise((resolve) => {
    const every = document.hidden ? EVERY_HIDDEN : EVERY;
    const ended = new AbortController();
    const end = () => {
      if (document.hidden && !gone.aborted) return;
      ended.abort();
      clearTimeout(timer);
      resolve();
    };
    const timer = setTimeout(
      () => {
        ended.abort();
        resolve();
      },
      every * (0.75 + Math.random() / 2),
    );
    document.addEventListener('visibilitychange', end, { signal: ended.signal });
    gone.addEventListener('abort', end, { signal: ended.signal });
  });
}
