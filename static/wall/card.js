/** The text of a post on the wall, as pages/wall.py has it, and its parts in the elements of `<template id="pattern">`. */

import { parsePage } from '../post/html.js';
import { initialOf, named, shortName, sourceAndSite } from '../post/names.js';
import { shownAt } from '../post/shown-at.js';
import { hue } from '../post/post.js';
import { permalink } from '../timeline/addresses.js';

/** @typedef {import('../post/post.js').Item} Item */

/** Pixels. Narrower pictures are icons and avatars. */
const MIN_PICTURE_WIDTH = 200;

/** Characters. A headline or text of more fits no card, and markup after so much of it is not searched. */
const MAX_CHARS = 400;
const MAX_MARKUP_CHARS = 20_000;

/**
 * A copy of the pattern. It is no part of the document yet, so that no picture is loaded before it is filled.
 *
 * @returns {HTMLElement}
 */
export function blank() {
  const { content } = /** @type {HTMLTemplateElement} */ (document.getElementById('pattern'));
  return /** @type {HTMLElement} */ (/** @type {Element} */ (content.firstElementChild).cloneNode(true));
}

/**
 * @param {Element} element
 * @param {string} selector
 */
export function part(element, selector) {
  return /** @type {HTMLElement} */ (element.querySelector(selector));
}

/**
 * Fills the headline of a post, its time, and the data by which it is found again.
 *
 * @param {HTMLElement} element
 * @param {Item} item
 * @param {string} blog
 * @returns {string} the post's text, unless it is the headline
 */
export function fillHeadline(element, item, blog) {
  const { source, position, revision, preview } = item._livelog;
  const title = named(item);
  const text = preview?.text ?? excerpt(item);
  element.dataset.id = item.id;
  element.dataset.position = position;
  element.dataset.revision = String(revision);
  const link = part(element, '.headline a');
  link.textContent = (title || text || source.title).slice(0, MAX_CHARS);
  link.setAttribute('href', permalink(blog, item.id));
  part(element, '.wall-age').setAttribute('datetime', shownAt(item));
  return title ? text : '';
}

/**
 * Fills the mark and the name of a source.
 *
 * @param {HTMLElement} element
 * @param {string} title
 */
export function fillSource(element, title) {
  const tile = part(element, '.tile');
  tile.className = `tile hue-${hue(title)}`;
  tile.textContent = initialOf(title);
  part(element, '.wall-source').textContent = shortName(title);
}

/**
 * @param {Item} item
 * @param {string} blog
 * @returns {HTMLElement}
 */
export function renderCard(item, blog) {
  const card = blank();
  fillSource(card, item._livelog.source.title);
  part(card, '.wall-source').textContent = sourceAndSite(item);
  const text = fillHeadline(card, item, blog);
  fillOrRemove(part(card, '.wall-text'), text, (own) => {
    own.textContent = text;
  });
  const picture = pictureOf(item);
  fillOrRemove(part(card, '.wall-picture'), picture, (own) => own.setAttribute('src', picture));
  return card;
}

/**
 * @param {HTMLElement} element
 * @param {string} value
 * @param {(element: HTMLElement) => void} fill
 */
function fillOrRemove(element, value, fill) {
  if (value) fill(element);
  else element.remove();
}

/** @param {Item} item */
function excerpt({ content_html: markup = '', summary = '' }) {
  const text = markup && parsePage(markup.slice(0, MAX_MARKUP_CHARS)).body.textContent;
  return (text?.trim() || summary).trim().slice(0, MAX_CHARS).replace(/\s+/g, ' ');
}

/**
 * The post's own picture, else the first in its content that is not declared small.
 *
 * @param {Item} item
 */
function pictureOf({ image, content_html: markup = '' }) {
  if (document.getElementById('timeline')?.dataset.images !== 'lazy') return '';
  if (image || !markup.includes('<img')) return image ?? '';
  const isLarge = (/** @type {Element} */ one) => Number(one.getAttribute('width') ?? MIN_PICTURE_WIDTH) >= MIN_PICTURE_WIDTH;
  return [...parsePage(markup).querySelectorAll('img')].find(isLarge)?.getAttribute('src') ?? '';
}

/**
 * Removes pictures that fail, and those that turn out to be small.
 *
 * @param {Element} root
 * @param {() => void} onRemoved
 */
export function followPictures(root, onRemoved) {
  const check = (/** @type {Event} */ { type, target }) => {
    if (!(target instanceof HTMLImageElement) || !target.matches('.wall-picture')) return;
    if (type === 'load' && target.naturalWidth >= MIN_PICTURE_WIDTH) return;
    target.remove();
    onRemoved();
  };
  // These events do not bubble.
  root.addEventListener('load', check, true);
  root.addEventListener('error', check, true);
}
