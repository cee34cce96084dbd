/** Counts what comes after an absence, and says it when all of it is there: "Away 12 min: 7 new, 2 corrected". */

import { awaySentence } from './notice.js';

/** @typedef {import('../connection/stream.js').Change} Change */

/** A shorter absence is not worth a word. */
const WORTH_SAYING = 60_000;

export class Away {
  #tell;
  #missing = 0;
  #duration = 0;
  #counts = { entry: 0, update: 0, delete: 0 };

  /** @param {(sentence: string) => void} tell */
  constructor(tell) {
    this.#tell = tell;
  }

  /**
   * The connection is there again.
   *
   * @param {Date} since
   * @param {number} missed how many messages follow that were missed
   */
  end(since, missed) {
    const duration = Date.now() - since.getTime();
    this.#missing = duration >= WORTH_SAYING ? missed : 0;
    this.#duration = duration;
    this.#counts = { entry: 0, update: 0, delete: 0 };
  }

  /** @param {Change} change */
  count({ type }) {
    if (this.#missing === 0) return;
    if (type === 'reset') {
      this.#missing = 0;
      return;
    }
    this.#counts[type] += 1;
    this.#missing -= 1;
    if (this.#missing === 0) this.#tell(awaySentence(this.#duration, this.#counts));
  }
}
