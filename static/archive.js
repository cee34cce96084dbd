/** A page without a live connection: older posts, or one post among its neighbours. */

import { followChanges } from './post/correction.js';
import { followImages } from './post/images.js';
import { keepAges, localise } from './reading/clock.js';
import { closeFilterOutside } from './reading/filter.js';
import { showFreshness } from './reading/freshness.js';
import { startDays } from './timeline/rail.js';

localise(document);
keepAges();
startDays([...document.querySelectorAll('.timeline > article')]);
closeFilterOutside();
showFreshness();

const main = document.getElementById('main');
if (main) {
  followImages(main);
  followChanges(main, main.dataset.blog ?? '');
}

// Without the fragment of its address, the page does not scroll to its post.
if (!location.hash) document.querySelector('article[aria-current]')?.scrollIntoView();
