/** The live page: wires the connection to the posts, and the posts to what readers can do with them. */

import { followChanges } from './post/changes.js';
import { localise } from './reading/clock.js';
import { comeBack, isFiltered, isShown, minimiseFilter } from './reading/filter.js';
import { followImages } from './post/images.js';
import { goLive } from './reading/controls.js';
import { followProblems } from './reading/problems.js';
import { followSources } from './reading/sources.js';
import { stall } from './connection/state.js';

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
