/** What shrinks under the reader's eyes keeps its room until it is out of sight, so that the text below it stays. */

const leaving = new IntersectionObserver((seen) => {
  for (const { isIntersecting, target } of seen) {
    if (isIntersecting) continue;
    leaving.unobserve(target);
    /** @type {HTMLElement} */ (target).style.minBlockSize = '';
  }
});

/**
 * @param {HTMLElement} article
 * @param {() => void} change
 */
export function keepHeight(article, change) {
  const { top, bottom, height } = article.getBoundingClientRect();
  change();
  if (bottom <= 0 || top >= innerHeight || height === 0) return;
  article.style.minBlockSize = `${height}px`;
  leaving.observe(article);
}
