/** The live page: wires the connection to the posts. */

import { inBatches } from './batch.js';
import { followChanges } from './changes.js';
import { localise } from './clock.js';
import { minimiseFilter, ofFilter } from './filter.js';
import { followImages } from './images.js';
import { gapSentence } from './notice.js';
import { keepPlace } from './place.js';
import { followProblems } from './problems.js';
import { followSources } from './sources.js';
import { showState, stall } from './state.js';
import { Stream } from './stream.js';
import { Timeline } from './timeline.js';

/** @typedef {import('./stream.js').Change} Change */

/** @param {string} id */
function part(id) {
  const found = document.getElementById(id);
  if (!found) throw new Error(`The page has no #${id}`);
  return found;
}

const { blog = '', cursor = '' } = part('main').dataset;
const list = part('timeline');

localise(document);
followImages(list);
followChanges(list, blog);

const timeline = new Timeline(blog, { list, empty: part('empty'), older: part('older') });

/** @type {(change: Change) => void} */
const show = inBatches((changes) => keepPlace(list, () => timeline.apply(changes)));

const stream = new Stream(`/${blog}/ws`, cursor, {
  onState: (state) => showState(part('state'), state),
  onChange: (change, sure) => {
    const own = ofFilter(change);
    if (own) show(own);
    if (change.type === 'reset' && change.gap) {
      part('notice').textContent = gapSentence(change.gap, sure, new Date());
    }
  },
});

stream.start();
minimiseFilter();
void followSources(blog, stall);
void followProblems(part('problems'), () => timeline.isEmpty);
