/**
 * The connection to the blog: one at a time, taken up again where it broke off. Where a WebSocket does not get
 * through, an event stream does; where that doesn't either, the page asks again and again. The cursor is the same.
 *
 * @typedef {import('../post/post.js').Item} Item
 *
 * @typedef {{after: string, reason: 'expired' | 'epoch' | 'slow'}} Gap
 * @typedef {{type: 'hello', cursor: string, recovered?: boolean, missed: number}} Hello
 * @typedef {{type: 'entry', cursor: string, item: Item}} EntryChange
 * @typedef {{type: 'update', cursor: string, item: Item}} UpdateChange
 * @typedef {{type: 'delete', cursor: string, id: string, isLate?: boolean}} DeleteChange isLate: it happened during an
 *   absence, nobody knows when
 * @typedef {{type: 'reset', cursor: string, gap?: Gap, items: Item[], sure?: Date}} ResetChange sure: until when the
 *   page was certainly complete
 * @typedef {EntryChange | UpdateChange | DeleteChange | ResetChange} Change
 * @typedef {Hello | Change} Message
 *
 * @typedef {'connecting' | 'live' | 'polling' | 'reconnecting' | 'offline'} StateName
 * @typedef {{name: StateName, since: Date}} State since: when the connection was lost, where it is
 *
 * @typedef {object} Listener
 * @property {(change: Change) => void} onChange
 * @property {(state: State) => void} onState
 * @property {(since: Date, missed: number) => void} [onReturn] the connection is there again, and what was missed follows
 *
 * @typedef {object} Ends of a transport
 * @property {(data: string) => void} onMessage
 * @property {() => void} onLost told once
 * @property {() => void} onSign all that has happened until now was told
 *
 * @typedef {(blog: string, cursor: string, ends: Ends) => () => void} Open a transport; what it gives ends it
 *
 * @typedef {{name: string, open: Open, tries: number}} Way
 */

import { openEvents } from './eventstream.js';
import { openPolling } from './transports.js';
import { set, setting } from '../reading/settings.js';
import { openSocket } from './websocket.js';

/**
 * The ways to the server, the best first: after so many tries without a hello it is the next one's turn, and after
 * the last the first's again. A server that is away is found again by any of them.
 *
 * @type {Way[]}
 */
const WAYS = [
  { name: 'websocket', open: openSocket, tries: 3 },
  { name: 'events', open: openEvents, tries: 2 },
  { name: 'polling', open: openPolling, tries: 1 },
];

/** The way that was found is remembered: a proxy that stops WebSockets does so tomorrow. */
const WAY = 'way';

const FIRST_DELAY = 500;
const LONGEST_DELAY = 30_000;

/** A connection that says nothing for so long after it was begun is none. That counts twice: it takes so long. */
const HELLO_WITHIN = 10_000;
const SILENT = 2;

/** Only a connection that lasted counts as healthy; one that is closed at once must not be tried at once. */
const HEALTHY_AFTER = 10_000;

/** How long after a lesser way was found a better one is tried; twice as long after each time in vain. */
const CLIMB_AFTER = 60_000;
const LONGEST_CLIMB = 3_600_000;

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
  #blog;
  #cursor;
  #listener;
  /** @type {(() => void) | null} */
  #close = null;
  /** @type {(() => void) | null} */
  #closeTrial = null;
  #way = 0;
  #fruitless = 0;
  #isLive = false;
  #failures = 0;
  #climbs = 0;
  /** How many messages are still to come of those that were missed. */
  #late = 0;
  /** @type {Date | null} */
  #lostAt = null;
  #sure = new Date();
  #lastTick = Date.now();
  /** @type {ReturnType<typeof setTimeout> | undefined} */
  #retry;
  /** @type {ReturnType<typeof setTimeout> | undefined} */
  #limit;
  /** @type {ReturnType<typeof setTimeout> | undefined} */
  #climb;

  /**
   * @param {string} blog
   * @param {string} cursor
   * @param {Listener} listener
   */
  constructor(blog, cursor, listener) {
    this.#blog = blog;
    this.#cursor = cursor;
    this.#listener = listener;
    const remembered = WAYS.findIndex(({ name }) => name === setting(WAY));
    this.#way = Math.max(remembered, 0);
  }

  /** Connects, and stays connected from now on. */
  start() {
    addEventListener('online', () => this.#renew(new Date()));
    addEventListener('offline', () => this.#lose());
    addEventListener('pageshow', ({ persisted }) => {
      if (persisted) this.#renew(new Date(this.#lastTick));
      else this.#connect();
    });
    document.addEventListener('visibilitychange', () => {
      if (!document.hidden) this.#connect();
    });
    setInterval(() => this.#tick(), TICK);
    this.#connect();
  }

  #connect() {
    if (this.#close) return;
    clearTimeout(this.#retry);
    this.#limit = setTimeout(() => this.#lose(SILENT), HELLO_WITHIN);
    this.#close = this.#open(this.#way, {
      onMessage: (data) => this.#receive(data),
      onLost: () => this.#lose(),
      onSign: () => this.#sign(),
    });
    this.#tellState();
  }

  /**
   * @param {number} way
   * @param {Ends} ends
   */
  #open(way, ends) {
    return /** @type {Way} */ (WAYS[way]).open(this.#blog, this.#cursor, ends);
  }

  /** @param {string} data */
  #receive(data) {
    /** @type {Message} */
    let message;
    try {
      message = JSON.parse(data);
    } catch {
      // Skipping it would lose what it said: ask for it again.
      this.#lose();
      return;
    }
    if (message.type === 'hello') this.#greet(message);
    else if (message.type === 'reset' || !isBehind(message.cursor, this.#cursor)) this.#take(message);
  }

  /** @param {Change} change */
  #take(change) {
    if (change.type === 'reset') change.sure = this.#sure;
    if (change.type === 'delete') change.isLate = this.#late > 0;
    this.#late = Math.max(this.#late - 1, 0);
    this.#moveTo(change.cursor);
    this.#listener.onChange(change);
  }

  /** @param {Hello} hello */
  #greet({ cursor, recovered, missed }) {
    const since = this.#lostAt;
    this.#isLive = true;
    this.#lostAt = null;
    this.#fruitless = 0;
    this.#late = missed;
    clearTimeout(this.#limit);
    this.#limit = setTimeout(() => {
      this.#failures = 0;
    }, HEALTHY_AFTER);
    this.#rememberWay();
    // What was missed follows, each with its own cursor; if it is a reset, that has yet to arrive, too.
    const isComplete = missed === 0 && recovered !== false;
    if (isComplete || !this.#cursor) this.#moveTo(cursor);
    if (since) this.#listener.onReturn?.(since, missed);
    this.#tellState();
  }

  #rememberWay() {
    set(WAY, this.#way > 0 ? /** @type {Way} */ (WAYS[this.#way]).name : null);
    clearTimeout(this.#climb);
    if (this.#way === 0) this.#climbs = 0;
    else this.#climbLater();
  }

  #climbLater() {
    const most = Math.min(CLIMB_AFTER * 2 ** this.#climbs, LONGEST_CLIMB);
    this.#climb = setTimeout(() => this.#tryBetter(0), most * (0.75 + Math.random() / 2));
  }

  /**
   * Tries a better way beside the one that works, and goes over to it with its hello.
   *
   * @param {number} way
   */
  #tryBetter(way) {
    this.#closeTrial?.();
    this.#closeTrial = null;
    if (!this.#isLive) return;
    if (way >= this.#way) {
      this.#climbs += 1;
      this.#climbLater();
      return;
    }
    const next = () => this.#tryBetter(way + 1);
    this.#climb = setTimeout(next, HELLO_WITHIN);
    let isTaken = false;
    const close = this.#open(way, {
      onMessage: (data) => {
        if (!isTaken) {
          isTaken = true;
          this.#goOver(way, close);
        }
        this.#receive(data);
      },
      onLost: () => {
        if (isTaken) this.#lose();
        else {
          clearTimeout(this.#climb);
          next();
        }
      },
      onSign: () => this.#sign(),
    });
    this.#closeTrial = close;
  }

  /**
   * @param {number} way
   * @param {() => void} close
   */
  #goOver(way, close) {
    this.#closeTrial = null;
    this.#leave();
    this.#way = way;
    this.#close = close;
  }

  /** @param {string} cursor */
  #moveTo(cursor) {
    this.#cursor = cursor;
    this.#sure = new Date();
  }

  #sign() {
    this.#sure = new Date();
    this.#tellState();
  }

  /**
   * The connection is gone, or not to be trusted.
   *
   * @param {number} [weight] how much it counts against the way
   */
  #lose(weight = 1) {
    if (!this.#isLive && navigator.onLine) this.#count(weight);
    this.#leave();
    this.#lostAt ??= new Date();
    clearTimeout(this.#retry);
    this.#retry = setTimeout(() => this.#connect(), this.#delay());
    this.#tellState();
  }

  /** @param {number} weight */
  #count(weight) {
    this.#fruitless += weight;
    if (this.#fruitless < /** @type {Way} */ (WAYS[this.#way]).tries) return;
    this.#fruitless = 0;
    this.#way = (this.#way + 1) % WAYS.length;
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
    clearTimeout(this.#climb);
    this.#isLive = false;
    this.#closeTrial?.();
    this.#closeTrial = null;
    this.#close?.();
    this.#close = null;
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
    if (this.#isLive) return this.#way === WAYS.length - 1 ? 'polling' : 'live';
    if (!this.#lostAt) return 'connecting';
    const isLong = Date.now() - this.#lostAt.getTime() >= OFFLINE_AFTER;
    return isLong || !navigator.onLine ? 'offline' : 'reconnecting';
  }
}

/**
 * Whether a message is one that the page has got already, by another way.
 *
 * @param {string} cursor
 * @param {string} own
 */
function isBehind(cursor, own) {
  const [epoch, seq] = cursor.split('.');
  const [ownEpoch, ownSeq] = own.split('.');
  return epoch === ownEpoch && Number(seq) <= Number(ownSeq);
}
