/**
 * The first script of a live page, and a small one: opens the stream of events while the page's own script is on its
 * way. On a slow network the page is live half a second earlier.
 */

import { connectEarly, TRANSPORT_SETTING } from './connection/early.js';
import { setting } from './reading/settings.js';

const tag = /** @type {HTMLScriptElement | null} */ (document.querySelector('script[data-stream]'));
const isPreferred = (setting(TRANSPORT_SETTING) ?? 'websocket') === 'websocket';

if (tag?.dataset.stream && isPreferred) connectEarly(tag.dataset.stream);
