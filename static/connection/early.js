/**
 * The WebSocket that connect.js opens, and the page's own script takes over. The two scripts are bundled apart, and have
 * nothing but the window in common.
 *
 * @typedef {object} Early
 * @property {WebSocket} socket
 * @property {string[]} messages that came meanwhile
 *
 * @typedef {typeof globalThis & {livelogEarly?: Early | null}} Shared null: the page's script has started
 */

/** The reader's setting with the transport that worked: a proxy that stops WebSockets does so tomorrow. */
export const TRANSPORT_SETTING = 'way';

/** Milliseconds and messages after which a connection is closed that the page's script has not taken over. */
const MAX_WAIT = 30_000;
const MAX_MESSAGES = 200;

const shared = /** @type {Shared} */ (globalThis);

/**
 * Connects, unless the page's own script was first: it may come from the browser's cache.
 *
 * @param {string} address path and query of the stream
 */
export function connectEarly(address) {
  if (shared.livelogEarly !== undefined) return;
  const socket = new WebSocket(socketAddress(new URL(address, location.href)));
  /** @type {string[]} */
  const messages = [];
  socket.onmessage = ({ data }) => {
    if (messages.push(data) > MAX_MESSAGES) socket.close();
  };
  shared.livelogEarly = { socket, messages };
  setTimeout(() => {
    if (shared.livelogEarly?.socket === socket) socket.close();
  }, MAX_WAIT);
}

/**
 * The early connection, the first time; null if there is none, it is another address's or it was lost.
 *
 * @param {URL} url
 */
export function takeEarly(url) {
  const early = shared.livelogEarly;
  shared.livelogEarly = null;
  if (!early) return null;
  if (early.socket.url === url.href && early.socket.readyState <= WebSocket.OPEN) return early;
  early.socket.close();
  return null;
}

/** @param {URL} url of a stream, with the page's scheme */
export function socketAddress(url) {
  url.protocol = url.protocol === 'https:' ? 'wss:' : 'ws:';
  return url;
}
