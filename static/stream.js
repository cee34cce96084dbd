/**
 * The connection to the blog: one WebSocket at a time, taken up again where it broke off.
 *
 * @typedef {import('./entry.js').Item} Item
 *
 * @typedef {{after: string, reason: 'expired' | 'epoch' | 'slow'}} Gap
 * @typedef {{type: 'hello', cursor: string, recovered?: boolean, missed: number}} Hello
 * @typedef {{type: 'entry', cursor: string, item: Item}} EntryChange
 * @typedef {{type: 'update', cursor: string, item: Item}} UpdateChange
 * @typedef {{type: 'delete', cursor: string, id: string}} DeleteChange
 * @typedef {{type: 'reset', cursor: string, gap?: Gap, items: Item[]}} ResetChange
 * @typedef {EntryChange | UpdateChange | DeleteChange | ResetChange} Change
 *
 * @typedef {'connecting' | 'live' | 'reconnecting' | 'offline'} StateName
 * @typedef {{name: StateName, since: Date}} State since: when the connection was lost, where it is
 *
 * @typedef {object} Listener
 * @property {(change: Change, sure: Date) => void} onChange sure: until when the page was certainly complete
 * @property {(state: State) => void} onState
 */

const FIRST_DELAY = 500;
const LONGEST_DELAY = 30_000;

/** A connection that says nothing for so long after it was begun is none. */
const HELLO_WITHIN = 15_000;

/** Only a connection that lasted counts as healthy; one that is closed at once must not be tried at once. */
const HEALTHY_AFTER = 10_000;

/** A reader who has been without news for so long is offline, whatever the browser says. */
const OFFLINE_AFTER = 30_000;

/**
 * The server's pings are answered below JavaScript, so silence says nothing. But after a sleep the other end
 * may be long gone without a word: a clock that jumped means that the machine slept or the tab was frozen.
 * Hidden tabs get a tick a minute, so the jump is longer than that.
 */
const TICK = 20_000;
const SLEPT = 150_000;

export class Stream {
  #path;
  #cursor;
  #listener;
  /** @type {WebSocket | null} */
  #socket = null;
  #isLive = false;
  #failures = 0;
  /** @type {Date | null} */
  #lostAt = null;
  #sure = new Date();
  #lastTick = Date.now();
  /** @type {ReturnType<typeof setTimeout> | undefined} */
  #retry;
  /** @type {ReturnType<typeof setTimeout> | undefined} */
  #limit;

  /**
   * @param {string} path
   * @param {string} cursor
   * @param {Listener} listener
   */
  constructor(path, cursor, listener) {
    this.#path = path;
    this.#cursor = cursor;
    this.#listener = listener;
  }

  /** Connects, and stays connected from now on. */
  start() {
    addEventListener('online', () => this.#renew(new Date()));
    addEventListener('offline', () => this.#lose());
    addEventListener('pageshow', () => this.#connect());
    document.addEventListener('visibilitychange', () => {
      if (!document.hidden) this.#connect();
    });
    setInterval(() => this.#tick(), TICK);
    this.#connect();
  }

  #connect() {
    if (this.#socket) return;
    clearTimeout(this.#retry);
    const socket = new WebSocket(this.#address());
    this.#socket = socket;
    socket.onmessage = (event) => this.#receive(event.data);
    socket.onclose = () => this.#lose();
    this.#limit = setTimeout(() => this.#lose(), HELLO_WITHIN);
    this.#tellState();
  }

  #address() {
    const url = new URL(this.#path, location.href);
    url.protocol = url.protocol === 'https:' ? 'wss:' : 'ws:';
    if (this.#cursor) url.searchParams.set('after', this.#cursor);
    return url;
  }

  /** @param {string} data */
  #receive(data) {
    /** @type {Hello | Change} */
    let message;
    try {
      message = JSON.parse(data);
    } catch {
      // Skipping it would lose what it said: ask for it again.
      this.#lose();
      return;
    }
    if (message.type === 'hello') {
      this.#greet(message);
      return;
    }
    const sure = this.#sure;
    this.#moveTo(message.cursor);
    this.#listener.onChange(message, sure);
  }

  /** @param {Hello} hello */
  #greet({ cursor, recovered, missed }) {
    this.#isLive = true;
    this.#lostAt = null;
    clearTimeout(this.#limit);
    this.#limit = setTimeout(() => {
      this.#failures = 0;
    }, HEALTHY_AFTER);
    // What was missed follows, each with its own cursor; if it is a reset, that has yet to arrive, too.
    const isComplete = missed === 0 && recovered !== false;
    if (isComplete || !this.#cursor) this.#moveTo(cursor);
    this.#tellState();
  }

  /** @param {string} cursor */
  #moveTo(cursor) {
    this.#cursor = cursor;
    this.#sure = new Date();
  }

  /** The connection is gone, or not to be trusted. */
  #lose() {
    this.#leave();
    this.#lostAt ??= new Date();
    clearTimeout(this.#retry);
    this.#retry = setTimeout(() => this.#connect(), this.#delay());
    this.#tellState();
  }

  /**
   * The network is another one, or the machine slept: the connection may be dead without knowing it.
   *
   * @param {Date} since
   */
  #renew(since) {
    if (this.#isLive) this.#lostAt = since;
    this.#leave();
    this.#connect();
  }

  #leave() {
    clearTimeout(this.#limit);
    this.#isLive = false;
    if (!this.#socket) return;
    this.#socket.onmessage = null;
    this.#socket.onclose = null;
    this.#socket.close();
    this.#socket = null;
  }

  /** Full jitter: when a server comes back, its readers do not all come back at once. */
  #delay() {
    const most = Math.min(LONGEST_DELAY, FIRST_DELAY * 2 ** this.#failures);
    this.#failures += 1;
    return Math.random() * most;
  }

  #tick() {
    const last = this.#lastTick;
    this.#lastTick = Date.now();
    if (this.#lastTick - last > SLEPT) this.#renew(new Date(last));
    else if (!this.#isLive) this.#tellState();
  }

  #tellState() {
    this.#listener.onState({ name: this.#stateName(), since: this.#lostAt ?? this.#sure });
  }

  /** @returns {StateName} */
  #stateName() {
    if (this.#isLive) return 'live';
    if (!this.#lostAt) return 'connecting';
    const isLong = Date.now() - this.#lostAt.getTime() >= OFFLINE_AFTER;
    return isLong || !navigator.onLine ? 'offline' : 'reconnecting';
  }
}
