/** Sentences for screen readers, said at once. */

const ID = 'announcements';

/** Milliseconds between the empty log and the sentence: the same sentence twice would be no change. */
const CHANGE_DELAY = 50;

/** @param {string} sentence */
export function announce(sentence) {
  const log = document.getElementById(ID) ?? madeLog();
  log.textContent = '';
  setTimeout(() => {
    log.textContent = sentence;
  }, CHANGE_DELAY);
}

/** The log of a page without a live connection. */
function madeLog() {
  const log = document.createElement('p');
  log.id = ID;
  log.className = 'unseen';
  log.setAttribute('role', 'log');
  document.body.append(log);
  return log;
}
