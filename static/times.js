/** A page without a live connection: older posts, or a single one. */

import { followChanges } from './changes.js';
import { localise } from './clock.js';
import { startDays } from './days.js';
import { followImages } from './images.js';

localise(document);
startDays([...document.querySelectorAll('.timeline > article')]);

const main = document.getElementById('main');
if (main) {
  followImages(main);
  followChanges(main, main.dataset.blog ?? '');
}
