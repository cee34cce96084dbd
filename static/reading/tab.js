/** The tab says how many posts wait: in its title, and on its icon. */

const MOST_ON_ICON = 99;

const title = document.title;
const icon = /** @type {HTMLLinkElement | null} */ (document.querySelector('link[rel="icon"]'));
const plain = icon?.href ?? '';

/** @param {number} waiting */
export function showInTab(waiting) {
  const wanted = waiting > 0 ? `(${waiting}) ${title}` : title;
  if (document.title === wanted) return;
  document.title = wanted;
  if (icon) icon.href = waiting > 0 ? `/icon/${Math.min(waiting, MOST_ON_ICON)}.svg` : plain;
}
