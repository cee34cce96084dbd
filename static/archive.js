/** A page without a live connection: older posts, or one among its neighbours. Only its times are made local. */

import { followChanges } from './post/changes.js';
import { localise } from './reading/clock.js';
import { startDays } from './timeline/days.js';
import { minimiseFilter } from './reading/filter.js';
import { followImages } from './post/images.js';
import { showFreshness } from './reading/sources.js';

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
