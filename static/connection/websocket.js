/** The blog's events by WebSocket. */

/** @type {import('./stream.js').Open} */
export function openSocket(blog, cursor, { onMessage, onLost }) {
  const url = new URL(`/${blog}/ws`, location.href);
  url.protocol = url.protocol === 'https:' ? 'wss:' : 'ws:';
  if (cursor) url.searchParams.set('after', cursor);
  const socket = new WebSocket(url);
  socket.onmessage = ({ data }) => onMessage(data);
  socket.onclose = () => onLost();
  return () => {
    socket.onmessage = null;
    socket.onclose = null;
    socket.close();
  };
}
