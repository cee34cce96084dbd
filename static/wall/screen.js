/** The screen of a wall: it stays awake, and shows no pointer while nobody moves it. */

/** Milliseconds. */
const POINTER_TIMEOUT = 3_000;

export function keepScreen() {
  let hiding = setTimeout(() => {}, 0);
  addEventListener('pointermove', (event) => {
    // Browsers tell it also of one that rests while the page below it changes.
    if (!event.movementX && !event.movementY) return;
    document.body.classList.add('pointed');
    clearTimeout(hiding);
    hiding = setTimeout(() => document.body.classList.remove('pointed'), POINTER_TIMEOUT);
  });
  document.addEventListener('visibilitychange', stayAwake);
  void stayAwake();
}

/** The browser ends it whenever the page is hidden, and may refuse it: a kiosk has a setting of its own then. */
async function stayAwake() {
  if (!document.hidden) await navigator.wakeLock?.request('screen').catch(() => {});
}
