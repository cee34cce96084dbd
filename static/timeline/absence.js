/** The sentence after an absence: "Away 12 min: 7 new, 2 corrected". It is shown when all missed changes are there. */

import { duration } from '../reading/clock.js';
import { count, say } from '../reading/words.js';

/** @typedef {import('../connection/messages.js').Change} Change */

/** Milliseconds; a shorter absence is not mentioned. */
const MIN_ABSENCE = 60_000;

export class Absence {
  #show;
  #missing = 0;
  #duration = 0;
  #counts = { entry: 0, update: 0, delete: 0 };

  /** @param {(sentence: string) => void} show */
  constructor(show) {
    this.#show = show;
  }

  /**
   * @param {Date} since when the connection was lost
   * @param {number} missed how many messages follow that were missed
   */
  end(since, missed) {
    this.#duration = Date.now() - since.getTime();
    this.#missing = this.#duration >= MIN_ABSENCE ? missed : 0;
    this.#counts = { entry: 0, update: 0, delete: 0 };
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
    if (this.#missing === 0) this.#showCounts();
  }

  #showCounts() {
    const counts = this.#counts;
    const news = [
      counts.entry && count('1 new', '{n} new', counts.entry),
      counts.update && count('1 corrected', '{n} corrected', counts.update),
      counts.delete && count('1 withdrawn', '{n} withdrawn', counts.delete),
    ].filter(Boolean);
    if (news.length > 0) this.#show(say('Away {time}: {news}', { time: duration(this.#duration), news: news.join(', ') }));
  }
}
