/** The blog's events as an event stream (SSE), where no WebSocket gets through. */

const TYPES = ['hello', 'entry', 'update', 'delete', 'reset'];

/** @type {import('./stream.js').Open} */
export function openEvents(blog, cursor, { onMessage, onLost }) {
  const url = new URL(`/${blog}/events`, location.href);
  if (cursor) url.searchParams.set('after', cursor);
  const source = new EventSource(url);
  for (const type of TYPES) source.addEventListener(type, ({ data }) => onMessage(data));
  // The browser would come back by itself; how long to wait, and by which way, is decided in one place for all.
  source.onerror = () => {
    source.close();
    onLost();
  };
  return () => {
    source.onerror = null;
    source.close();
  };
}
