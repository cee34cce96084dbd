/** Notices a connection that went silent without closing: on a sleeping NAT or in a tunnel nothing ends it for minutes. */

/** Milliseconds that a sign of life may be late; two may be missing. */
const MAX_DELAY = 10_000;

/**
 * A timer that is so late shows that the tab was throttled or frozen. Messages that came meanwhile may still wait in
 * the queue behind it, so they get GRACE to arrive.
 */
const MAX_LATE = 2_000;
const GRACE = 2_000;

export class Silence {
  #onSilent;
  /** Milliseconds; Infinity for a server that announced no signs of life. */
  #limit = Infinity;
  /** Silent connections in a row on which nothing came but a hello. Each doubles the limit: a large answer takes long. */
  #fruitless = 0;
  #heardAt = 0;
  /** @type {ReturnType<typeof setTimeout> | undefined} */
  #timer;

  /** @param {(since: Date) => void} onSilent */
  constructor(onSilent) {
    this.#onSilent = onSilent;
  }

  /**
   * Begins with the hello of a connection.
   *
   * @param {number | undefined} alive seconds between two signs of life; none from an older server
   */
  listen(alive) {
    this.#limit = alive ? 2 * alive * 1000 + MAX_DELAY : Infinity;
    this.#heardAt = Date.now();
    this.#plan(this.#limit * 2 ** this.#fruitless, false);
  }

  /** Counts a message that came on the connection. */
  heard() {
    this.#heardAt = Date.now();
    this.#fruitless = 0;
  }

  stop() {
    clearTimeout(this.#timer);
  }

  /**
   * @param {number} delay
   * @param {boolean} isSure true if messages had time to arrive
   */
  #plan(delay, isSure) {
    clearTimeout(this.#timer);
    if (delay === Infinity) return;
    const due = Date.now() + delay;
    this.#timer = setTimeout(() => this.#check(due, isSure), delay);
  }

  /**
   * @param {number} due
   * @param {boolean} isSure
   */
  #check(due, isSure) {
    const limit = this.#limit * 2 ** this.#fruitless;
    const left = Math.min(this.#heardAt + limit - Date.now(), limit);
    if (left > 0) {
      this.#plan(left, false);
    } else if (!isSure && Date.now() - due > MAX_LATE) {
      this.#plan(GRACE, true);
    } else {
      this.#fruitless += 1;
      this.#onSilent(new Date(this.#heardAt));
    }
  }
}
