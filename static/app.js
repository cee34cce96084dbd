/** The live page: wires the connection to the posts. */

import { localise } from './clock.js';
import { goLive } from './live.js';
import { followProblems } from './problems.js';

/** @param {string} id */
function part(id) {
  const found = document.getElementById(id);
  if (!found) throw new Error(`The page has no #${id}`);
  return found;
}

const { blog = '', cursor = '' } = part('main').dataset;

localise(document);

const timeline = goLive(blog, cursor, {
  list: part('timeline'),
  empty: part('empty'),
  older: part('older'),
  state: part('state'),
  notice: part('notice'),
});

void followProblems(part('problems'), () => timeline.isEmpty);
