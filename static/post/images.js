/**
 * Images in posts, in the blog's mode: `lazy` loads them when they come near the window, `click` shows a button for each,
 * `none` only their text. pages/images.py renders the same elements.
 */

import { say } from '../reading/words.js';
import { captionOf } from './details.js';
import { fill, parsePage } from './html.js';

/** Narrower images are shown in their own size, in pixels; even narrower ones are icons, and stand for no post. */
const MIN_LARGE = 200;
const MIN_LEAD = 64;

/** The logarithm of the ratio between the shape of an image and its declared shape. */
const MAX_SKEW = 0.05;

const HAS_IMAGE = /<(img|video)/;

/** Links and headings without content, at which a screen reader would stop for nothing. */
const EMPTY_LINK = /<a(?: [a-z-]+="[^"]*")*>(?:\s|&nbsp;|<br>)*<\/a>/g;
const EMPTY_HEADING = /<h([1-6])(?: [a-z-]+="[^"]*")*>(?:\s|&nbsp;|<br>)*<\/h\1>/g;

/**
 * Parts of posts as the server rendered them, for those that were changed since: an image was shown, or failed.
 *
 * @type {WeakMap<Element, Element>}
 */
const asServed = new WeakMap();

export const imagesMode = () => document.getElementById('timeline')?.dataset.images ?? 'lazy';

/**
 * Fills an element with the content of a post.
 *
 * @param {Element} element
 * @param {string} markup sanitised by the server
 */
export function fillContent(element, markup) {
  const full = markup.replace(EMPTY_LINK, '').replace(EMPTY_HEADING, '');
  if (imagesMode() === 'lazy' || !HAS_IMAGE.test(full)) {
    fill(element, full);
    for (const image of element.querySelectorAll('img')) describe(image);
    return;
  }
  // In a document of its own, nothing is loaded.
  const { body } = parsePage(full);
  for (const image of body.querySelectorAll('img')) image.replaceWith(standIn(image));
  for (const film of body.querySelectorAll('video[poster]')) film.removeAttribute('poster');
  element.replaceChildren(...body.childNodes);
}

/**
 * Fills the picture that a post shows: small beside a short post or the beginning of a long one, else large above the
 * whole, or the cover of a podcast. The others are removed.
 *
 * @param {Element} article
 * @param {import('./post.js').Item} item
 * @param {import('./names.js').Mode} mode
 */
export function fillPicture(article, item, mode) {
  const { image, title, summary, content_html: markup = '', _livelog: { preview } } = item;
  const own = HAS_IMAGE.test(markup) ? undefined : image;
  const hasText = Boolean(title || markup || summary);
  const small = mode === 'brief' ? (image ?? preview?.image) : mode === 'whole' && !preview && hasText ? own : undefined;
  const isSmall = fillFrame(article.querySelector('.thumb'), small);
  const lead = article.querySelector('.lead-picture');
  if (fillFrame(lead, mode === 'whole' && !isSmall ? own : undefined)) caption(/** @type {Element} */ (lead), captionOf(item));
  fillFrame(article.querySelector('.cover'), mode === 'headlines' ? undefined : own);
}

/**
 * @param {Element} figure
 * @param {string} words
 */
function caption(figure, words) {
  if (!words) return;
  const below = document.createElement('figcaption');
  below.dir = 'auto';
  below.textContent = words;
  figure.append(below);
}

/**
 * @param {Element | null} frame
 * @param {string | undefined} source
 * @returns {boolean} true if it is shown
 */
function fillFrame(frame, source) {
  const picture = frame?.firstElementChild;
  if (!frame || !picture) return false;
  if (!source) frame.remove();
  else if (picture.localName === 'img') picture.setAttribute('src', source);
  else frame.replaceChildren(button(source, '', picture));
  return Boolean(source);
}

/**
 * Gives a picture the alternative text that it lacks: none, which says that it is decoration, but in a link.
 *
 * @param {HTMLImageElement} image
 */
function describe(image) {
  if (!image.alt.trim() && (!image.hasAttribute('alt') || image.closest('a'))) image.alt = linkWords(image);
}

/**
 * A link needs a text.
 *
 * @param {Element} image
 */
const linkWords = (image) => (image.closest('a') ? say('Picture') : '');

/** @param {HTMLImageElement} image that is not in the page */
function standIn(image) {
  const alt = image.getAttribute('alt')?.trim() ?? '';
  if (imagesMode() === 'click') return button(image.getAttribute('src') ?? '', alt, image);
  const words = document.createElement('span');
  words.className = 'picture-words';
  words.textContent = alt || linkWords(image);
  return words;
}

/**
 * @param {string} src
 * @param {string} alt
 * @param {Element} sized
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
 * Loads the images of buttons that are pressed, and replaces images that fail.
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
  // These events do not bubble.
  root.addEventListener('load', (event) => shape(event.target), true);
  root.addEventListener('error', (event) => miss(event.target), true);
  // They may have fired before.
  for (const image of root.querySelectorAll('img')) {
    if (!image.complete) continue;
    if (image.naturalWidth > 0) shape(image);
    else image.decode().catch(() => miss(image));
  }
}

/**
 * A part of a post as the server rendered it.
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
 * Gives an image the shape that it turns out to have. A large one in view keeps its frame, so that nothing moves; a small
 * one is shown in its own size, and an icon beside a text not at all.
 *
 * @param {EventTarget | null} target
 */
function shape(target) {
  if (!(target instanceof HTMLImageElement) || !target.closest('.content, .lead-picture, .thumb')) return;
  const { naturalWidth: width, naturalHeight: height } = target;
  if (!width || !height) return;
  if (width < MIN_LEAD && isDispensable(target)) {
    target.parentElement?.remove();
  } else if (target.matches('.thumb > *')) {
    remember(target);
    target.classList.toggle('is-large', width >= MIN_LARGE);
  } else if (isMisjudged(target)) {
    remember(target);
    if (width >= MIN_LARGE && target.getBoundingClientRect().top < innerHeight) {
      target.classList.add('is-framed');
      return;
    }
    target.setAttribute('width', String(width));
    target.setAttribute('height', String(height));
  }
}

/**
 * True for an image without a size, with one of another shape, or with one that would enlarge a small image.
 *
 * @param {HTMLImageElement} image
 */
function isMisjudged(image) {
  const { naturalWidth: width, naturalHeight: height } = image;
  const [saidWidth, saidHeight] = ['width', 'height'].map((name) => Number(image.getAttribute(name)));
  if (!saidWidth || !saidHeight || (width < MIN_LARGE && saidWidth > width)) return true;
  return Math.abs(Math.log((saidWidth * height) / (saidHeight * width))) > MAX_SKEW;
}

/** @param {EventTarget | null} target */
function miss(target) {
  if (!(target instanceof HTMLImageElement) || !target.closest('.entry')) return;
  if (isDispensable(target)) {
    target.parentElement?.remove();
    return;
  }
  const { top, height } = target.getBoundingClientRect();
  const hasFocus = target === document.activeElement;
  const mark = document.createElement('span');
  mark.className = 'picture-missing';
  mark.textContent = target.alt.trim() || say('Picture');
  const words = document.createElement('small');
  words.textContent = say('The picture can’t be shown.');
  mark.append(' ', words);
  // In view the height stays, so that nothing moves.
  if (top < innerHeight) mark.style.minHeight = `${height}px`;
  alter(target, mark);
  if (!hasFocus) return;
  mark.tabIndex = -1;
  mark.focus({ preventScroll: true });
}

/**
 * True for a picture beside or above a post that has something else to show.
 *
 * @param {HTMLImageElement} image
 */
function isDispensable(image) {
  const post = image.closest('.thumb, .lead-picture')?.parentElement;
  return post?.querySelector(':scope > :is(.headline, .summary, .content, .attachments)') != null;
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
