/** What came while the reader was away: while the connection was lost, or the page was not visible. */

/**
 * @typedef {import('../connection/messages.js').Change} Change
 *
 * @typedef {{entry: number, update: number, delete: number}} Missed changes by type
 */

/** Milliseconds; a shorter absence is not mentioned. */
const MIN_ABSENCE = 60_000;

export class Absence {
  #onReturn;
  #missing = 0;
  #duration = 0;
  #counts = none();
  /** @type {{at: number, waiting: number} | null} */
  #hidden = null;

  /**
   * @param {(milliseconds: number, missed: Missed) => void} onReturn called when all missed changes are there
   * @param {() => number} waiting how many posts wait
   */
  constructor(onReturn, waiting) {
    this.#onReturn = onReturn;
    document.addEventListener('visibilitychange', () => {
      if (document.hidden) this.#hidden = { at: Date.now(), waiting: waiting() };
      else this.#appear(waiting());
    });
  }

  /** True while missed changes come in after a lost connection: they must not push away what the reader read. */
  get isEnding() {
    return this.#missing > 0;
  }

  /**
   * @param {Date} since when the connection was lost
   * @param {number} missed how many messages follow that were missed
   */
  end(since, missed) {
    this.#duration = Date.now() - since.getTime();
    this.#missing = this.#duration >= MIN_ABSENCE ? missed : 0;
    this.#counts = none();
  }

  /** @param {Change | null} change null: one that the page does not know */
  count(change) {
    if (this.#missing === 0) return;
    if (change?.type === 'reset') {
      this.#missing = 0;
      return;
    }
    if (change) this.#counts[change.type] += 1;
    this.#missing -= 1;
    if (this.#missing === 0) this.#onReturn(this.#duration, this.#counts);
  }

  /** @param {number} waiting */
  #appear(waiting) {
    const hidden = this.#hidden;
    this.#hidden = null;
    const away = hidden ? Date.now() - hidden.at : 0;
    if (away >= MIN_ABSENCE && hidden?.waiting === 0 && waiting > 0) {
      this.#onReturn(away, { ...none(), entry: waiting });
    }
  }
}

/** @returns {Missed} */
const none = () => ({ entry: 0, update: 0, delete: 0 });
