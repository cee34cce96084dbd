/** A page without a live connection: older posts, or one among its neighbours. Only its times are made local. */

import { followChanges } from './changes.js';
import { localise } from './clock.js';
import { startDays } from './days.js';
import { minimiseFilter } from './filter.js';
import { followImages } from './images.js';
import { showFreshness } from './sources.js';

localise(document);
startDays([...document.querySelectorAll('.timeline > article')]);
minimiseFilter();
showFreshness();

const main = document.getElementById('main');
if (main) {
  followImages(main);
  followChanges(main, main.dataset.blog ?? '');
}

// An address that was passed on may have lost the part that leads to the post.
if (!location.hash) document.querySelector('article[aria-current]')?.scrollIntoView();
