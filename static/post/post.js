/**
 * A post: a JSON Feed item put into the elements of the page's `<template id="post">`, which the server renders from
 * templates/entry.html like any post. Parts that an item does not have, or does not show, are removed.
 *
 * @typedef {object} Item
 * @property {string} id
 * @property {string} [url]
 * @property {string} [external_url]
 * @property {string} [title]
 * @property {string} [content_html]
 * @property {string} [summary]
 * @property {string} [image]
 * @property {string} [date_published]
 * @property {string} [date_published]
 * @property {string} [date_modified]
 * @property {{name?: string, url?: string}[]} [authors]
 * @property {string[]} [tags]
 * @property {import('./files.js').File[]} [attachments]
 * @property {Extension} _livelog
 *
 * @typedef {object} Extension Livelog's own part of an item
 * @property {{title: string, feed_url: string}} source
 * @property {string} position RFC 3339 in UTC with microseconds: sorts as text
 * @property {string} seen
 * @property {number} revision
 * @property {string} [corrected] when the last correction was seen, if the version before it is kept
 * @property {boolean} [truncated]
 * @property {{text: string, minutes: number, image?: string}} [preview] of long content
 * @property {{title: string, url?: string}} [original] the site that the post is from
 * @property {{season?: number, number?: number}} [episode]
 * @property {{name?: string, latitude?: number, longitude?: number}} [place]
 * @property {{url: string, count?: number}} [comments]
 * @property {{caption?: string, credit?: string}} [picture]
 */

import { clock, localise } from '../reading/clock.js';
import { say } from '../reading/words.js';
import { filterAddress, permalink } from '../timeline/addresses.js';
import { fillDetails, link as linkTo } from './details.js';
import { fillFiles, isPodcast } from './files.js';
import { linkFilm } from './film.js';
import { fillContent, fillPicture, served } from './images.js';
import { headlineOf } from './headline.js';
import { initialOf, modeOf, MODES, shortName } from './names.js';
import { shownAt } from './shown-at.js';

const HUES = 12;
const FNV_OFFSET = 0x811c9dc5;
const FNV_PRIME = 0x01000193;

/**
 * @param {Item} item
 * @param {string} blog
 * @param {import('./names.js').Mode} [mode]
 * @returns {HTMLElement}
 */
export function renderPost(item, blog, mode = modeOf(item)) {
  const article = blank(isPodcast(item) ? 1 : 0);
  const { position, revision, truncated } = item._livelog;
  const own = permalink(blog, item.id);
  article.classList.add(mode);
  article.id = `e-${item.id}`;
  article.dataset.id = item.id;
  article.dataset.position = position;
  article.dataset.revision = String(revision);
  for (const link of article.querySelectorAll('.when, .thumb, .read-on')) link.setAttribute('href', own);
  for (const time of article.querySelectorAll('time:not(.dt-updated)')) time.setAttribute('datetime', shownAt(item));
  part(article, '.day time').setAttribute('datetime', position);
  const headline = headlineOf(item, mode);
  fillHeadline(part(article, '.headline'), headline, item.url, own);
  fillByline(part(article, '.byline'), item, blog, headline !== '');
  localise(article);
  fillPicture(article, item, mode);
  linkFilm(article, item.url);
  fillPreview(article, item, mode);
  const isShown = mode !== 'headlines';
  const isPictured = article.querySelector('.thumb, .lead-picture, .cover') !== null;
  keepIf(isShown, part(article, '.attachments'), (list) => fillFiles(list, item, isPictured, headline || shortName(item._livelog.source.title)));
  fillBody(part(article, '.content'), item, mode);
  keepIf(isShown, part(article, '.details'), (list) => fillDetails(list, item));
  keepIf(truncated && mode === 'whole', part(article, '.shortened'), (note) => fillLink(part(note, 'a'), item.url));
  return article;
}

/**
 * The stub that replaces a withdrawn post: "City desk withdrew this post at 00:25".
 *
 * @param {string} position of the post
 * @param {string} source its name
 * @param {Date} withdrawn when the page was informed
 * @param {boolean} isLate it may have been withdrawn long before that
 * @returns {HTMLElement}
 */
export function renderStub(position, source, withdrawn, isLate) {
  const article = document.createElement('article');
  article.dataset.position = position;
  const sentence = isLate ? say('{name} withdrew this post before {time}') : say('{name} withdrew this post at {time}');
  const name = document.createElement('bdi');
  name.textContent = source;
  const withdrawal = line('p', 'withdrawal', '');
  for (const piece of sentence.split(/(\{\w+\})/)) {
    withdrawal.append(piece === '{name}' ? name : piece.replace('{time}', clock(withdrawn)));
  }
  article.append(
    line('p', 'day', time(position, 'day')),
    clockOf(position),
    withdrawal,
  );
  localise(article);
  return article;
}

/**
 * Makes an article on the page equal to a fresh one. Parts that have not changed stay: they may hold the text in view,
 * a selection, the focus, or a player that plays.
 *
 * @param {HTMLElement} article
 * @param {HTMLElement} fresh
 */
export function patchPost(article, fresh) {
  for (const name of ['data-position', 'data-revision']) {
    article.setAttribute(name, fresh.getAttribute(name) ?? '');
  }
  for (const mode of MODES) article.classList.toggle(mode, fresh.classList.contains(mode));
  const present = new Map([...article.children].map((child) => [child.className, child]));
  /** @type {Element | null} */
  let above = null;
  for (const child of [...fresh.children]) {
    const own = present.get(child.className);
    present.delete(child.className);
    const isSame = own ? served(own).isEqualNode(child) : false;
    if (own && !isSame) own.replaceWith(child);
    if (!own) article.insertBefore(child, above ? above.nextSibling : article.firstChild);
    above = own && isSame ? own : child;
  }
  for (const gone of present.values()) gone.remove();
}

/**
 * A copy of an article of the template: the first is a post, the second a podcast.
 *
 * @param {0 | 1} index
 */
function blank(index) {
  const template = /** @type {HTMLTemplateElement} */ (document.getElementById('post'));
  return /** @type {HTMLElement} */ (document.importNode(/** @type {Node} */ (template.content.children[index]), true));
}

/**
 * @param {Element} element
 * @param {string} headline
 * @param {string | undefined} url
 * @param {string} own
 */
function fillHeadline(element, headline, url, own) {
  keepIf(headline, element, () => {
    const link = part(element, 'a');
    link.textContent = headline;
    link.setAttribute('href', url ?? own);
    if (!url) link.removeAttribute('rel');
  });
}

/**
 * @param {Element} byline
 * @param {Item} item
 * @param {string} blog
 * @param {boolean} hasHeadline
 */
function fillByline(byline, item, blog, hasHeadline) {
  const { source, position, revision, corrected } = item._livelog;
  const tile = part(byline, '.tile');
  tile.className = `tile hue-${hue(source.title)}`;
  tile.textContent = initialOf(source.title);
  const link = part(byline, '.source a');
  link.setAttribute('href', filterAddress(blog, 'source', source.title));
  part(link, 'bdi').textContent = shortName(source.title);
  const authors = (item.authors ?? []).filter(({ name }) => name && name !== source.title);
  keepIf(authors.length, part(byline, '.authors'), (names) => {
    part(names, 'bdi').replaceChildren(
      ...authors.flatMap(({ name = '', url }, n) => [...(n ? [', '] : []), url ? linkTo(name, url) : name]),
    );
  });
  keepIf(revision > 1, part(byline, '.corrected'), (note) => {
    const modified = item.date_modified ?? corrected;
    keepIf(modified, part(note, 'time'), (when) => {
      when.setAttribute('datetime', modified ?? '');
      when.setAttribute('data-than', position);
    });
  });
  keepIf(corrected, part(byline, '.what-changed'));
  keepIf(item.url && !hasHeadline, part(byline, '.original'), (original) => fillLink(original, item.url));
}

/**
 * The words of the link to the whole post: "Read on · 11 min".
 *
 * @param {number | undefined} minutes
 */
export function readOn(minutes) {
  return [say('Read on'), ...(minutes ? [say('{n} min', { n: minutes })] : [])].join(' · ');
}

/**
 * The beginning of a long post, and the link to the whole.
 *
 * @param {Element} article
 * @param {Item} item
 * @param {import('./names.js').Mode} mode
 */
function fillPreview(article, { _livelog: { preview } }, mode) {
  const isBrief = mode === 'brief';
  keepIf(isBrief && preview?.text, part(article, '.summary'), (text) => {
    text.textContent = preview?.text ?? '';
  });
  keepIf(isBrief, part(article, '.more'), (more) => {
    part(more, 'a').textContent = readOn(preview?.minutes);
  });
}

/**
 * @param {Element} body
 * @param {Item} item
 * @param {import('./names.js').Mode} mode
 */
function fillBody(body, { content_html: markup, summary }, mode) {
  keepIf(mode === 'whole' && (markup || summary), body, () => {
    if (markup) fillContent(body, markup);
    else part(body, 'p').textContent = summary ?? '';
  });
}

/**
 * @param {Element} link
 * @param {string | undefined} url
 */
function fillLink(link, url) {
  keepIf(url, link, () => link.setAttribute('href', url ?? ''));
}

/**
 * Fills a part, or removes it with the space before it.
 *
 * @param {unknown} isThere
 * @param {Element} element
 * @param {(element: Element) => void} [fill]
 */
function keepIf(isThere, element, fill) {
  if (isThere) {
    fill?.(element);
    return;
  }
  const before = element.previousSibling;
  if (before instanceof Text) before.data = before.data.trimEnd();
  element.remove();
}

/**
 * @param {Element} element
 * @param {string} selector
 */
function part(element, selector) {
  return /** @type {Element} */ (element.querySelector(selector));
}

/**
 * The colour of a source, 0 … 11: FNV-1a, 32 bits, over the name's UTF-8 bytes. pages/item.py computes the same.
 *
 * @param {string} name
 */
export function hue(name) {
  let hash = FNV_OFFSET;
  for (const byte of new TextEncoder().encode(name)) hash = Math.imul(hash ^ byte, FNV_PRIME);
  return (hash >>> 0) % HUES;
}

/**
 * @param {string} name
 * @param {string} className
 * @param {Node | string} content
 */
function line(name, className, content) {
  const element = document.createElement(name);
  element.className = className;
  element.append(content);
  return element;
}

/** @param {string} position */
function clockOf(position) {
  const element = time(position, 'clock');
  element.className = 'clock';
  element.setAttribute('aria-hidden', 'true');
  return element;
}

/**
 * @param {string} at
 * @param {string} form
 */
function time(at, form) {
  const element = document.createElement('time');
  element.dateTime = at;
  element.dataset.time = form;
  return element;
}
