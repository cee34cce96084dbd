/** Whoever stands somewhere with the keyboard stays there while the page changes. */

/**
 * @param {HTMLElement} list
 * @param {() => void} change
 */
export function keepFocus(list, change) {
  const held = document.activeElement;
  const article = held instanceof HTMLElement && list.contains(held) ? held.closest('article') : null;
  if (!(held instanceof HTMLElement) || !article) {
    change();
    return;
  }
  const part = held.closest('article > *')?.className;
  const place = part === undefined ? -1 : stops(article, part).indexOf(held);
  const neighbour = article.nextElementSibling ?? article.previousElementSibling;
  change();
  if (held.isConnected) return;
  const stop = part === undefined ? undefined : stops(article, part)[place];
  const next = article.isConnected ? (stop ?? article) : neighbour;
  if (next instanceof HTMLElement) next.focus({ preventScroll: true });
}

/**
 * @param {Element} article
 * @param {string} part
 * @returns {HTMLElement[]}
 */
function stops(article, part) {
  const own = [...article.children].filter(({ className }) => className === part);
  return own.flatMap((element) => [
    ...(element.matches('a, button, summary, audio, video') ? [/** @type {HTMLElement} */ (element)] : []),
    .../** @type {NodeListOf<HTMLElement>} */ (element.querySelectorAll('a, button, summary, audio, video')),
  ]);
}
