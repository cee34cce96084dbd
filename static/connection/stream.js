/**
 * The connection to the blog: one at a time, resumed at its cursor. A transport that fails is replaced by the next one;
 * a better one is tried again later.
 *
 * @typedef {import('./messages.js').Change} Change
 * @typedef {import('./transports.js').Ends} Ends
 * @typedef {import('./transports.js').Transport} Transport
 *
 * @typedef {'connecting' | 'live' | 'polling' | 'reconnecting' | 'offline'} StateName
 * @typedef {{name: StateName, since: Date}} State since: when the connection was lost, if it was
 *
 * @typedef {object} Listener
 * @property {(change: Change) => void} onChange
 * @property {() => void} onUnknown an event of a type that the page does not know
 * @property {(state: State) => void} onState
 * @property {(since: Date, missed: number) => void} onReconnect `missed` events follow that happened meanwhile
 */

import { setting, setSetting } from '../reading/settings.js';
import { TRANSPORT_SETTING } from './early.js';
import { parseMessage, stepsFrom } from './messages.js';
import { jittered } from './request.js';
import { Silence } from './silence.js';
import { TRANSPORTS } from './transports.js';

/** All times here are in milliseconds. */
const MIN_RETRY_DELAY = 500;

/** A connection without a hello counts as two failures, as it takes longer than others. */
const SILENT_WEIGHT = 2;

/** A connection that lasted so long resets the back-off; one that is closed at once must not. */
const HEALTHY_AFTER = 10_000;

/**
 * From the hello of a lesser transport to the trial of a better one; doubled by each trial that fails. After an outage
 * the better one is likely to work again.
 */
const OUTAGE_TRIAL_DELAY = 10_000;
const MIN_TRIAL_DELAY = 60_000;
const MAX_TRIAL_DELAY = 3_600_000;

/** After so long without a connection the state is "offline", even if the browser is online. */
const OFFLINE_AFTER = 30_000;

/**
 * A clock that jumped shows that the machine slept or the tab was frozen: then the connection may be dead. Hidden tabs
 * get a timer once a minute, so a jump has to be longer.
 */
const TICK_INTERVAL = 20_000;
const MIN_JUMP = 150_000;

export class Stream {
  #blog;
  #cursor;
  #listener;
  /** @type {(() => void) | null} */
  #close = null;
  /** @type {(() => void) | null} */
  #closeTrial = null;
  /** The index of the transport in use. */
  #transport = 0;
  /** The index of the transport that worked last: no failure of polling is a reason to try a better one. */
  #proven = 0;
  /** Failures of this transport since its last hello. */
  #fruitless = 0;
  #isLive = false;
  /** Failures since the last healthy connection. */
  #failures = 0;
  #failedTrials = 0;
  /** Missed events that are still to come. */
  #late = 0;
  /** @type {Date | null} */
  #lostAt = null;
  /** When the page noticed that. */
  #noticedAt = 0;
  /** Until then the page is certainly complete. */
  #sure = new Date();
  #lastTick = Date.now();
  /** @type {ReturnType<typeof setTimeout> | undefined} */
  #retry;
  /** @type {ReturnType<typeof setTimeout> | undefined} */
  #limit;
  /** @type {ReturnType<typeof setTimeout> | undefined} */
  #trial;
  #silence = new Silence((since) => this.#lose(1, since));

  /**
   * @param {string} blog
   * @param {string} cursor
   * @param {Listener} listener
   */
  constructor(blog, cursor, listener) {
    this.#blog = blog;
    this.#cursor = cursor;
    this.#listener = listener;
    const remembered = TRANSPORTS.findIndex(({ name }) => name === setting(TRANSPORT_SETTING));
    this.#transport = this.#proven = Math.max(remembered, 0);
  }

  /** Connects, and reconnects from now on. */
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
    setInterval(() => this.#tick(), TICK_INTERVAL);
    this.#connect();
  }

  #connect() {
    if (this.#close) return;
    clearTimeout(this.#retry);
    this.#limit = setTimeout(() => this.#lose(SILENT_WEIGHT), transportAt(this.#transport).helloTimeout);
    this.#close = this.#open(this.#transport, {
      onMessage: (data) => this.#receive(data),
      onLost: () => this.#lose(),
      onComplete: () => this.#confirm(),
    });
    this.#reportState();
  }

  /**
   * @param {number} index
   * @param {Ends} ends
   */
  #open(index, ends) {
    return transportAt(index).open(this.#blog, this.#cursor, ends);
  }

  /** @param {string} data */
  #receive(data) {
    let message;
    try {
      message = parseMessage(data);
    } catch {
      // Skipping the message would lose its event: reconnect, and get it again.
      this.#lose();
      return;
    }
    if (message.type === 'hello') {
      this.#greet(message);
      return;
    }
    this.#silence.heard();
    if (message.type === 'alive') this.#takeSign(message);
    else if (message.type === 'unknown') this.#skip(message);
    // An event at or before the cursor came by another transport.
    else if (message.type === 'reset' || !(stepsFrom(message.cursor, this.#cursor) <= 0)) this.#take(message);
  }

  /** @param {Change} change */
  #take(change) {
    if (change.type === 'reset') change.sure = this.#sure;
    if (change.type === 'delete') change.isLate = this.#late > 0;
    this.#moveTo(change.cursor);
    this.#listener.onChange(change);
  }

  /** @param {import('./messages.js').Alive} sign */
  #takeSign({ cursor }) {
    if (stepsFrom(cursor, this.#cursor) === 0) this.#sure = new Date();
  }

  /**
   * Moves past an event of an unknown type, so that a reconnect does not repeat it.
   *
   * @param {import('./messages.js').Unknown} message
   */
  #skip({ cursor }) {
    if (cursor === null || !(stepsFrom(cursor, this.#cursor) > 0)) return;
    this.#moveTo(cursor);
    this.#listener.onUnknown();
  }

  /** @param {import('./messages.js').Hello} hello */
  #greet({ cursor, recovered, missed = 0, alive }) {
    const since = this.#lostAt;
    this.#silence.listen(alive);
    this.#isLive = true;
    this.#lostAt = null;
    this.#fruitless = 0;
    clearTimeout(this.#limit);
    this.#limit = setTimeout(() => {
      this.#failures = 0;
    }, HEALTHY_AFTER);
    this.#rememberTransport();
    // Missed events follow with their own cursors, and so does a reset.
    const isComplete = missed === 0 && recovered !== false;
    if (isComplete || !this.#cursor) this.#moveTo(cursor);
    this.#late = missed;
    if (since) this.#listener.onReconnect(since, missed);
    this.#reportState();
  }

  #rememberTransport() {
    setSetting(TRANSPORT_SETTING, this.#transport > 0 ? transportAt(this.#transport).name : null);
    clearTimeout(this.#trial);
    const isWorse = this.#transport > this.#proven;
    this.#proven = this.#transport;
    if (this.#transport === 0) this.#failedTrials = 0;
    else this.#planTrial(isWorse ? OUTAGE_TRIAL_DELAY : MIN_TRIAL_DELAY);
  }

  /** @param {number} [first] the delay before any trial failed */
  #planTrial(first = MIN_TRIAL_DELAY) {
    const delay = Math.min(first * 2 ** this.#failedTrials, MAX_TRIAL_DELAY);
    this.#trial = setTimeout(() => this.#tryBetter(0), jittered(delay));
  }

  /**
   * Opens a better transport beside the one in use, and switches to it with its hello.
   *
   * @param {number} index
   */
  #tryBetter(index) {
    this.#closeTrial?.();
    this.#closeTrial = null;
    if (!this.#isLive) return;
    if (index >= this.#transport) {
      this.#failedTrials += 1;
      this.#planTrial();
      return;
    }
    const next = () => this.#tryBetter(index + 1);
    this.#trial = setTimeout(next, transportAt(index).helloTimeout);
    let isInUse = false;
    const close = this.#open(index, {
      onMessage: (data) => {
        if (!isInUse) {
          isInUse = true;
          this.#switchTo(index, close);
        }
        this.#receive(data);
      },
      onLost: () => {
        if (isInUse) this.#lose();
        else {
          clearTimeout(this.#trial);
          next();
        }
      },
      onComplete: () => this.#confirm(),
    });
    this.#closeTrial = close;
  }

  /**
   * @param {number} index
   * @param {() => void} close
   */
  #switchTo(index, close) {
    this.#closeTrial = null;
    this.#disconnect();
    this.#transport = index;
    this.#close = close;
  }

  /** @param {string} cursor */
  #moveTo(cursor) {
    this.#late = Math.max(this.#late - 1, 0);
    this.#cursor = cursor;
    this.#sure = new Date();
  }

  #confirm() {
    this.#sure = new Date();
    this.#reportState();
  }

  /**
   * Closes a connection that ended or failed, and reconnects later.
   *
   * @param {number} [weight] failures that it counts as
   * @param {Date} [since]
   */
  #lose(weight = 1, since = new Date()) {
    if (!this.#isLive && navigator.onLine) this.#countFailure(weight);
    this.#disconnect();
    this.#markLost(since);
    clearTimeout(this.#retry);
    this.#retry = setTimeout(() => this.#connect(), this.#retryDelay());
    this.#reportState();
  }

  /** @param {Date} since */
  #markLost(since) {
    if (this.#lostAt) return;
    this.#lostAt = since;
    this.#noticedAt = Date.now();
  }

  /** @param {number} weight */
  #countFailure(weight) {
    this.#fruitless += weight;
    if (this.#fruitless < transportAt(this.#transport).tries) return;
    this.#fruitless = 0;
    this.#transport = this.#transport + 1 < TRANSPORTS.length ? this.#transport + 1 : this.#proven;
  }

  /**
   * Reconnects at once: the network changed, or the machine slept, and the connection may be dead.
   *
   * @param {Date} since
   */
  #renew(since) {
    if (this.#isLive) this.#markLost(since);
    this.#disconnect();
    this.#connect();
  }

  #disconnect() {
    clearTimeout(this.#limit);
    clearTimeout(this.#trial);
    this.#silence.stop();
    this.#isLive = false;
    this.#closeTrial?.();
    this.#closeTrial = null;
    this.#close?.();
    this.#close = null;
  }

  /** Full jitter: the clients of a server that restarts must not reconnect together. */
  #retryDelay() {
    const delay = Math.min(transportAt(this.#transport).maxDelay, MIN_RETRY_DELAY * 2 ** this.#failures);
    this.#failures += 1;
    return Math.random() * delay;
  }

  #tick() {
    const last = this.#lastTick;
    this.#lastTick = Date.now();
    if (this.#lastTick - last > MIN_JUMP) this.#renew(new Date(last));
    else if (!this.#isLive) this.#reportState();
  }

  #reportState() {
    this.#listener.onState({ name: this.#stateName(), since: this.#lostAt ?? this.#sure });
  }

  /** @returns {StateName} */
  #stateName() {
    if (this.#isLive) return this.#transport === TRANSPORTS.length - 1 ? 'polling' : 'live';
    if (!this.#lostAt) return 'connecting';
    const isLong = Date.now() - this.#noticedAt >= OFFLINE_AFTER;
    return isLong || !navigator.onLine ? 'offline' : 'reconnecting';
  }
}

/** @param {number} index */
const transportAt = (index) => TRANSPORTS[index] ?? TRANSPORTS[0];
