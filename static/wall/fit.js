/** Text that ends with its last whole line: cut between words until it fits its box, with an ellipsis. */

/**
 * The whole texts, for the next fit, and what is shown of them.
 *
 * @type {WeakMap<Element, {whole: string, shown: string}>}
 */
const texts = new WeakMap();

/**
 * @param {HTMLElement} box with a height of its own, or one limited by line-clamp
 * @param {HTMLElement} [holder] of the text
 */
export function fit(box, holder = box) {
  const shown = holder.textContent ?? '';
  const known = texts.get(holder);
  const whole = known?.shown === shown ? known.whole : shown;
  if (shown !== whole) holder.textContent = whole;
  if (overflows(box)) holder.textContent = longestIn(box, holder, [...whole]);
  texts.set(holder, { whole, shown: holder.textContent ?? '' });
}

/**
 * The longest beginning of a text that fits.
 *
 * @param {HTMLElement} box
 * @param {HTMLElement} holder
 * @param {string[]} chars
 */
function longestIn(box, holder, chars) {
  let fits = 0;
  let tooMany = chars.length;
  while (tooMany - fits > 1) {
    const middle = (fits + tooMany) >> 1;
    holder.textContent = cut(chars, middle);
    if (overflows(box)) tooMany = middle;
    else fits = middle;
  }
  return cut(chars, fits);
}

/** @param {HTMLElement} box */
export function overflows({ scrollHeight, clientHeight, scrollWidth, clientWidth }) {
  return scrollHeight > clientHeight || scrollWidth > clientWidth;
}

/**
 * The first characters; no word is cut unless it is a long one.
 *
 * @param {string[]} chars
 * @param {number} count
 */
function cut(chars, count) {
  const kept = chars.slice(0, count).join('');
  const end = chars[count] === ' ' ? kept.length : kept.lastIndexOf(' ');
  return `${(end > kept.length / 2 ? kept.slice(0, end) : kept).replace(/[\s.,:;…–—-]+$/, '')}…`;
}
