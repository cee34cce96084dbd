/** A page without a live connection: older posts, or one post among its neighbours. */

import { followChanges } from './post/correction.js';
import { followImages } from './post/images.js';
import { followOpening } from './post/open.js';
import { followShare } from './post/share.js';
import { keepAges, localise } from './reading/clock.js';
import { followDay } from './reading/day.js';
import { followFilterSheet } from './reading/filter-sheet.js';
import { showFreshness } from './reading/freshness.js';
import { listenToKeys } from './reading/keys.js';
import { keepPlace } from './reading/place.js';
import { postKeys } from './reading/post-keys.js';
import { hasKeys } from './reading/settings.js';
import { offerTop } from './reading/top.js';
import { followView } from './reading/view.js';
import { startDays } from './timeline/rail.js';

followView();
localise(document);
keepAges();
followDay();
offerTop();
followFilterSheet();
showFreshness();

const blog = document.getElementById('main')?.dataset.blog ?? '';
const list = document.getElementById('timeline');
if (list) {
  const articles = /** @type {NodeListOf<HTMLElement>} */ (list.querySelectorAll(':scope > article'));
  startDays([...articles]);
  for (const article of articles) article.tabIndex = -1;
  followImages(list);
  followChanges(list, blog);
  followOpening(list, blog);
  followShare(list);
  listenToKeys(postKeys(list, blog), hasKeys);
  void keepPlace(list, blog);
}

// Without the fragment of its address, the page does not scroll to its post.
if (!location.hash && !history.state?.place) document.querySelector('article[aria-current]')?.scrollIntoView();
