/** How old the news is: "Newest post 4 min ago". */

import { duration } from '../timeline/notice.js';
import { say } from './words.js';

const EVERY = 10_000;
const NOW = 60_000;

/**
 * Keeps saying it. It is no status: nobody wants to hear it every minute.
 *
 * @param {() => string | undefined} newest when the newest post came
 * @returns {() => void} to say it at once
 */
export function showAge(newest) {
  const line = document.createElement('p');
  line.id = 'age';
  line.className = 'age';
  document.getElementById('main')?.prepend(line);

  function show() {
    const at = newest();
    const age = at ? Math.max(Date.now() - Date.parse(at), 0) : 0;
    const text = age < NOW ? say('Newest post just now') : say('Newest post {time} ago', { time: duration(age) });
    const wanted = at ? text : '';
    if (line.textContent !== wanted) line.textContent = wanted;
  }

  setInterval(show, EVERY);
  show();
  return show;
}
