/** A page without a live connection: older posts, or a single one. Only its times are made local. */

import { localise } from './clock.js';
import { startDays } from './days.js';

localise(document);
startDays([...document.querySelectorAll('.timeline > article')]);
