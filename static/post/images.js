/**
 * Pictures in posts, as the blog has them: `lazy` (loaded when they come near), `click` (only when the reader asks for
 * one) or `none`. handlers/images.py writes the same elements: change both together.
 */

import { fill, parsePage } from './html.js';
import { say } from '../reading/words.js';

/** @typedef {import('./post.js').Item} Item */

/** The same for everyone: lazy, off the main thread, and telling no one where the picture is shown. */
const LATE = { loading: 'lazy', decoding: 'async', referrerpolicy: 'no-referrer' };

/** What stands in for a picture: no text of the post's. */
export const STAND_INS = '.picture-button, .picture-missing, .picture-words';

const SHOWN = /<(img|video)/;

/**
 * The parts of posts that are no longer as they were served, because a picture was asked for or could not be shown.
 *
 * @type {WeakMap<Element, Element>}
 */
const asServed = new WeakMap();

const mode = () => document.getElementById('timeline')?.dataset.images ?? 'lazy';

/**
 * Fills an element with the content of a post.
 *
 * @param {Element} element
 * @param {string} markup that the server cleaned
 */
export function fillContent(element, markup) {
  if (mode() === 'lazy' || !SHOWN.test(markup)) {
    fill(element, markup);
    return;
  }
  // In a document of its own nothing is loaded.
  const { body } = parsePage(markup);
  for (const image of body.querySelectorAll('img')) image.replaceWith(standIn(image));
  for (const film of body.querySelectorAll('video[poster]')) film.removeAttribute('poster');
  element.append(...body.childNodes);
}

/**
 * The picture of a post whose content has none.
 *
 * @param {Item} item
 */
export function lead(item) {
  const picture = isPodcast(item) ? null : pictureOf(item);
  if (!picture) return null;
  const figure = document.createElement('figure');
  figure.className = 'lead-picture';
  figure.append(picture);
  return figure;
}

/**
 * The picture of a podcast, which stands beside its player.
 *
 * @param {Item} item
 */
export const cover = (item) => (isPodcast(item) ? pictureOf(item) : null);

/** @param {Item} item */
function pictureOf(item) {
  if (!item.image || mode() === 'none' || SHOWN.test(item.content_html ?? '')) return null;
  const image = document.createElement('img');
  if (mode() === 'click') return button(item.image, '', image);
  image.alt = '';
  for (const [name, value] of Object.entries(LATE)) image.setAttribute(name, value);
  image.setAttribute('src', item.image);
  return image;
}

/** @param {Item} item */
function isPodcast(item) {
  return (item.attachments ?? []).some(({ mime_type: kind = '' }) => kind.startsWith('audio/'));
}

/** @param {HTMLImageElement} image that is not in the page */
function standIn(image) {
  const alt = image.getAttribute('alt')?.trim() ?? '';
  if (mode() === 'click') return button(image.getAttribute('src') ?? '', alt, image);
  const words = document.createElement('span');
  words.className = 'picture-words';
  // A link must not be left without a word.
  words.textContent = alt || (image.closest('a') ? say('Picture') : '');
  return words;
}

/**
 * @param {string} src
 * @param {string} alt
 * @param {HTMLImageElement} sized
 */
function button(src, alt, sized) {
  const press = document.createElement('button');
  press.type = 'button';
  press.className = 'picture-button';
  press.dataset.src = src;
  press.dataset.alt = alt;
  for (const name of ['width', 'height']) {
    if (sized.hasAttribute(name)) press.setAttribute(`data-${name}`, sized.getAttribute(name) ?? '');
  }
  if (alt) press.append(alt, ' ');
  const from = document.createElement('span');
  from.textContent = say('Show the picture from {host}', { host: host(src) });
  press.append(from);
  return press;
}

/** @param {string} url */
function host(url) {
  return /^https?:\/\/(?:[^/?#@]*@)?(?:www\.)?([^/?#]*)/.exec(url)?.[1] ?? '';
}

/**
 * Has pictures come when they are asked for, and those that do not come leave a mark.
 *
 * @param {HTMLElement} root
 */
export function followImages(root) {
  root.addEventListener('click', (event) => {
    const press = /** @type {Element} */ (event.target).closest('.picture-button');
    if (!press) return;
    // The picture may be in a link.
    event.preventDefault();
    show(/** @type {HTMLElement} */ (press));
  });
  // What happens to pictures does not bubble.
  root.addEventListener('load', (event) => shape(event.target), true);
  root.addEventListener('error', (event) => miss(event.target), true);
  // And may have happened before.
  for (const image of root.querySelectorAll('img')) {
    if (!image.complete) continue;
    if (image.naturalWidth > 0) shape(image);
    else image.decode().catch(() => miss(image));
  }
}

/**
 * A part of a post as it was served.
 *
 * @param {Element} part
 */
export function served(part) {
  return asServed.get(part) ?? part;
}

/** @param {HTMLElement} press */
function show(press) {
  const { src = '', alt = '', width, height } = press.dataset;
  const image = document.createElement('img');
  image.alt = alt;
  image.decoding = 'async';
  image.referrerPolicy = 'no-referrer';
  if (width && height) {
    image.setAttribute('width', width);
    image.setAttribute('height', height);
  }
  image.src = src;
  alter(press, image);
  image.tabIndex = -1;
  (image.closest('a') ?? image).focus({ preventScroll: true });
}

/**
 * Gives a picture of unknown size its own shape, if it comes before the reader does: nothing in view moves.
 *
 * @param {EventTarget | null} target
 */
function shape(target) {
  if (!(target instanceof HTMLImageElement) || !target.closest('.content, .lead-picture')) return;
  const { naturalWidth: width, naturalHeight: height } = target;
  if (target.hasAttribute('width') || !width || !height) return;
  if (target.getBoundingClientRect().top < innerHeight) return;
  remember(target);
  target.setAttribute('width', String(width));
  target.setAttribute('height', String(height));
}

/** @param {EventTarget | null} target */
function miss(target) {
  if (!(target instanceof HTMLImageElement) || !target.closest('.entry')) return;
  const { top, height } = target.getBoundingClientRect();
  const hasFocus = target === document.activeElement;
  const mark = document.createElement('span');
  mark.className = 'picture-missing';
  mark.textContent = target.alt.trim() || say('Picture');
  const words = document.createElement('small');
  words.textContent = say('The picture can’t be shown.');
  mark.append(' ', words);
  // What the reader has before their eyes does not move; what is yet to come takes no more room than it needs.
  if (top < innerHeight) mark.style.minHeight = `${height}px`;
  alter(target, mark);
  if (!hasFocus) return;
  mark.tabIndex = -1;
  mark.focus({ preventScroll: true });
}

/**
 * @param {Element} old
 * @param {Element} now
 */
function alter(old, now) {
  remember(old);
  old.replaceWith(now);
}

/** @param {Element} element that is about to change */
function remember(element) {
  const part = element.closest('.entry > *');
  if (part && !asServed.has(part)) asServed.set(part, /** @type {Element} */ (part.cloneNode(true)));
}
