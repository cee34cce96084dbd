/** Posts that arrive above what is shown push it down softly. */

const DURATION = 450;

/** @type {Animation | null} */
let slide = null;

/**
 * @param {HTMLElement} list
 * @param {() => void} change
 */
export function slideIn(list, change) {
  const first = list.querySelector(':scope > article');
  // In a flood there is no time to measure, and nothing to follow with the eyes.
  if (!first || slide?.playState === 'running') {
    change();
    return;
  }
  const before = first.getBoundingClientRect().top;
  change();
  if (!first.isConnected || matchMedia('(prefers-reduced-motion: reduce)').matches) return;
  const pushed = Math.min(first.getBoundingClientRect().top - before, innerHeight);
  if (pushed < 1) return;
  slide = list.animate([{ transform: `translateY(${-pushed}px)` }, { transform: 'none' }], {
    duration: DURATION,
    easing: 'cubic-bezier(0.2, 0, 0, 1)',
  });
  // Who scrolls reads something, and that has to stay.
  addEventListener('scroll', () => slide?.finish(), { once: true, passive: true });
}
