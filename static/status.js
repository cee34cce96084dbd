/** The operator's page: replaced by a newer one every few seconds, while it is seen. */

import { parsePage } from './post/html.js';

const INTERVAL_MILLISECONDS = 5_000;
const TIMEOUT_MILLISECONDS = 10_000;

/** Replaces the page by a newer one. A page that cannot be had is shown as old. */
async function refresh() {
  const main = document.getElementById('main');
  if (!main || document.visibilityState !== 'visible' || isTyping()) return;
  try {
    const address = new URL(location.href);
    address.searchParams.delete('tried');
    const signal = AbortSignal.timeout(TIMEOUT_MILLISECONDS);
    const response = await fetch(address, { headers: { Accept: 'text/html' }, signal });
    if (!response.ok) throw new Error(`${response.status}`);
    const page = parsePage(await response.text());
    const fresh = page.getElementById('main');
    if (!fresh) throw new Error('no page');
    if (isTyping()) return;
    const key = document.activeElement instanceof HTMLElement ? document.activeElement.dataset.key : undefined;
    main.replaceChildren(...fresh.childNodes);
    document.title = page.title;
    if (key) /** @type {HTMLElement | null} */ (main.querySelector(`[data-key="${key}"]`))?.focus({ preventScroll: true });
  } catch {
    main.querySelector('.stale')?.removeAttribute('hidden');
  }
}

/** True while a field has the focus: what is typed there must stay. */
function isTyping() {
  return document.activeElement instanceof HTMLInputElement;
}

async function refreshForever() {
  for (;;) {
    await new Promise((resolve) => setTimeout(resolve, INTERVAL_MILLISECONDS));
    await refresh();
  }
}

document.addEventListener('visibilitychange', () => void refresh());
void refreshForever();
