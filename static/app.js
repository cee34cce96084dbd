/** The live page: wires the connection to the posts, and the posts to what readers can do with them. */

import { followChanges } from './changes.js';
import { localise } from './clock.js';
import { comeBack, isFiltered, isShown, minimiseFilter } from './filter.js';
import { followImages } from './images.js';
import { goLive } from './live.js';
import { followProblems } from './problems.js';
import { followSources } from './sources.js';
import { stall } from './state.js';

/** @param {string} id */
function part(id) {
  const found = document.getElementById(id);
  if (!found) throw new Error(`The page has no #${id}`);
  return found;
}

const { blog = '', cursor = '' } = part('main').dataset;
const parts = {
  list: part('timeline'),
  empty: part('empty'),
  older: part('older'),
  state: part('state'),
  notice: part('notice'),
};

function wakeUp() {
  const timeline = goLive(blog, cursor, parts, { matches: isShown, onReset: isFiltered ? comeBack : undefined });
  minimiseFilter();
  void followSources(blog, stall);
  void followProblems(part('problems'), () => timeline.isEmpty);
}

localise(document);
followImages(parts.list);
followChanges(parts.list, blog);
// In a task of its own: what the reader does meanwhile is not to wait for all of it.
setTimeout(wakeUp);
