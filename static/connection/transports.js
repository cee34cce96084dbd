/**
 * The transports of a blog's events: a WebSocket, Server-Sent Events if no WebSocket gets through, and polling if no
 * connection stays open.
 *
 * @typedef {object} Ends of a transport
 * @property {(data: string) => void} onMessage
 * @property {() => void} onLost called once
 * @property {() => void} onComplete all events until now were passed to onMessage
 *
 * @typedef {(blog: string, cursor: string, ends: Ends) => () => void} Open returns a function that closes it
 *
 * @typedef {object} Transport
 * @property {string} name
 * @property {Open} open
 * @property {number} tries failures until the next one is used
 * @property {number} helloTimeout milliseconds until a connection without a hello has failed
 * @property {number} maxDelay milliseconds between two tries; few pages poll, and no more often than while they are live
 */

import { socketAddress, takeEarly } from './early.js';
import { cursorOf, TYPES } from './messages.js';
import { jittered, request } from './request.js';

/** Milliseconds from an answer to the next request. */
const POLL_INTERVAL = 10_000;
const HIDDEN_POLL_INTERVAL = 60_000;

/**
 * Milliseconds for the head of an answer, and for its body, which may have a page of posts in it. After an outage a
 * browser may try three dead connections before it opens a new one, and the page is to be live within 20 s.
 */
const POLL_TIMEOUT = 4_000;
const POLL_BODY_TIMEOUT = 15_000;

/** A request has timeouts of its own. */
const HELLO_TIMEOUT = 10_000;

/**
 * In the order in which they are tried. Settings of the reader's browser have the names.
 *
 * @type {[Transport, ...Transport[]]}
 */
export const TRANSPORTS = [
  { name: 'websocket', open: openWebSocket, tries: 3, helloTimeout: HELLO_TIMEOUT, maxDelay: 30_000 },
  { name: 'events', open: openEventSource, tries: 2, helloTimeout: HELLO_TIMEOUT, maxDelay: 30_000 },
  { name: 'polling', open: openPolling, tries: 1, helloTimeout: 30_000, maxDelay: 8_000 },
];

/** @type {Open} */
function openWebSocket(blog, cursor, { onMessage, onLost }) {
  const url = socketAddress(address(blog, 'ws', cursor));
  const early = takeEarly(url);
  const socket = early?.socket ?? new WebSocket(url);
  let isOpen = true;
  socket.onmessage = ({ data }) => onMessage(data);
  socket.onclose = () => onLost();
  // The caller has this transport's end by then.
  queueMicrotask(() => {
    for (const data of early?.messages ?? []) {
      if (isOpen) onMessage(data);
    }
  });
  return () => {
    isOpen = false;
    socket.onmessage = null;
    socket.onclose = null;
    socket.close();
  };
}

/** @type {Open} */
function openEventSource(blog, cursor, { onMessage, onLost }) {
  const source = new EventSource(address(blog, 'events', cursor));
  for (const type of TYPES) source.addEventListener(type, ({ data }) => onMessage(data));
  // Stream decides when to reconnect, and by which transport; an EventSource would do so by itself.
  source.onerror = () => {
    source.close();
    onLost();
  };
  return () => {
    source.onerror = null;
    source.close();
  };
}

/** @type {Open} */
function openPolling(blog, cursor, ends) {
  const closed = new AbortController();
  void poll(blog, cursor, ends, closed.signal);
  return () => closed.abort();
}

/**
 * @param {string} blog
 * @param {string} cursor
 * @param {Ends} ends
 * @param {AbortSignal} closed
 */
async function poll(blog, cursor, { onMessage, onLost, onComplete }, closed) {
  let after = cursor;
  let isFirst = true;
  while (!closed.aborted) {
    const messages = await ask(blog, after, closed).catch(() => null);
    if (closed.aborted) return;
    if (!messages) {
      onLost();
      return;
    }
    after = messages.map(cursorOf).filter(Boolean).at(-1) ?? after;
    // Every answer begins with a hello; a connection has one.
    for (const message of isFirst ? messages : messages.slice(1)) {
      if (!closed.aborted) onMessage(JSON.stringify(message));
    }
    isFirst = false;
    onComplete();
    await untilNextPoll(closed);
  }
}

/**
 * @param {string} blog
 * @param {string} after
 * @param {AbortSignal} signal
 * @returns {Promise<unknown[] | null>} null if the server answers with an error
 */
async function ask(blog, after, signal) {
  const query = new URLSearchParams({ after });
  const timeouts = { timeout: POLL_TIMEOUT, bodyTimeout: POLL_BODY_TIMEOUT };
  const response = await request(`/${blog}/entries?${query}`, { cache: 'no-cache', signal, ...timeouts });
  // The reader may no longer see a private blog: the answer to a reload says what to do.
  if (response.status === 401) location.reload();
  return response.ok ? (await response.json())._livelog.messages : null;
}

/**
 * Ends early when the tab comes into view, or the transport is closed.
 *
 * @param {AbortSignal} closed
 * @returns {Promise<void>}
 */
function untilNextPoll(closed) {
  return new Promise((resolve) => {
    const ended = new AbortController();
    const end = () => {
      ended.abort();
      clearTimeout(timer);
      resolve();
    };
    const timer = setTimeout(end, jittered(document.hidden ? HIDDEN_POLL_INTERVAL : POLL_INTERVAL));
    const onView = () => {
      if (!document.hidden) end();
    };
    document.addEventListener('visibilitychange', onView, { signal: ended.signal });
    closed.addEventListener('abort', end, { signal: ended.signal });
  });
}

/**
 * @param {string} blog
 * @param {string} name
 * @param {string} cursor
 */
function address(blog, name, cursor) {
  const url = new URL(`/${blog}/${name}`, location.href);
  if (cursor) url.searchParams.set('after', cursor);
  return url;
}
