/**
 * A post: from a JSON Feed item to the same elements that templates/entry.html renders. Change both together.
 *
 * @typedef {object} Item
 * @property {string} id
 * @property {string} [url]
 * @property {string} [title]
 * @property {string} [content_html]
 * @property {string} [summary]
 * @property {string} [image]
 * @property {string} [date_modified]
 * @property {{name?: string}[]} [authors]
 * @property {string[]} [tags]
 * @property {import('./files.js').File[]} [attachments]
 * @property {About} _livelog
 *
 * @typedef {object} About what Livelog adds to an item
 * @property {{title: string}} source
 * @property {string} position RFC 3339 in UTC with microseconds: sorts as text
 * @property {string} seen
 * @property {number} revision
 * @property {string} [corrected] when the last correction was seen: then what was there before is kept
 * @property {boolean} [truncated]
 */

import { changesButton, keepFocus } from './changes.js';
import { clock, day, moment } from './clock.js';
import { facts, label, listed, medium } from './files.js';
import { cover, fillContent, lead, served } from './images.js';
import { hue, initial } from './source.js';
import { say } from './words.js';

/** @typedef {Node | string | null | undefined | false} Part */

const OUTBOUND = 'noopener noreferrer';

/**
 * The address of one post's own page.
 *
 * @param {string} blog
 * @param {string} id
 */
export const permalink = (blog, id) => `/${blog}/e/${encodeURIComponent(id)}`;

/**
 * @param {Item} item
 * @param {string} blog the blog's name in addresses
 * @returns {HTMLElement}
 */
export function renderEntry(item, blog) {
  const { position, revision } = item._livelog;
  const picture = lead(item);
  const attributes = {
    class: 'entry',
    id: `e-${item.id}`,
    'data-id': item.id,
    'data-position': position,
    'data-revision': String(revision),
  };
  return element(
    'article',
    attributes,
    element('p', { class: 'day' }, time(position, 'day', day(position))),
    element('a', { class: 'when', href: permalink(blog, item.id) }, time(position, 'clock', clock(position))),
    item.title && headline(item.title, item.url, permalink(blog, item.id)),
    byline(item),
    picture,
    content(item),
    item._livelog.truncated && shortened(item.url),
    attachments(item, picture !== null),
    item.tags?.length && list('tags', { 'aria-label': 'Tags' }, item.tags.map((tag) => [element('bdi', {}, tag)])),
  );
}

/**
 * Makes an article on the page equal to a fresh one. What has not changed stays as it is: it may hold the
 * text under the reader's eyes, a selection, the focus, or a player at work.
 *
 * @param {HTMLElement} article
 * @param {HTMLElement} fresh
 */
export function patchEntry(article, fresh) {
  keepFocus(article, () => patch(article, fresh));
}

/**
 * @param {HTMLElement} article
 * @param {HTMLElement} fresh
 */
function patch(article, fresh) {
  for (const name of ['data-position', 'data-revision']) {
    article.setAttribute(name, fresh.getAttribute(name) ?? '');
  }
  const present = new Map([...article.children].map((part) => [part.className, part]));
  /** @type {Element | null} */
  let above = null;
  for (const part of [...fresh.children]) {
    const own = present.get(part.className);
    present.delete(part.className);
    const isSame = own ? served(own).isEqualNode(part) : false;
    if (own && !isSame) own.replaceWith(part);
    if (!own) article.insertBefore(part, above ? above.nextSibling : article.firstChild);
    above = own && isSame ? own : part;
  }
  for (const gone of present.values()) gone.remove();
}

/**
 * @param {string} title
 * @param {string | undefined} url
 * @param {string} ownPage
 */
function headline(title, url, ownPage) {
  const link = url ? outbound(url, title) : element('a', { href: ownPage }, title);
  return element('h2', { class: 'headline', dir: 'auto' }, link);
}

/** @param {Item} item */
function byline(item) {
  const name = item._livelog.source.title;
  const others = (item.authors ?? []).map((author) => author.name).filter((author) => author && author !== name);
  return element(
    'p',
    { class: 'byline' },
    source(name, item.title ? undefined : item.url),
    others.length > 0 && element('span', { class: 'authors' }, element('bdi', {}, others.join(', '))),
    item._livelog.revision > 1 && corrected(item.date_modified ?? item._livelog.corrected),
    item._livelog.corrected !== undefined && changesButton(),
  );
}

/**
 * @param {string} name
 * @param {string | undefined} url of a post without a title: its source leads to it
 */
function source(name, url) {
  const tile = element('span', { class: `tile hue-${hue(name)}`, 'aria-hidden': 'true' }, initial(name));
  const label = element('bdi', {}, name);
  return element('span', { class: 'source' }, tile, url ? outbound(url, label) : label);
}

/** @param {string | undefined} modified */
function corrected(modified) {
  const when = modified && time(modified, 'moment', moment(modified));
  return element('span', { class: 'corrected' }, when ? 'Corrected ' : 'Corrected', when);
}

/** @param {Item} item */
function content(item) {
  if (item.content_html) {
    const body = element('div', { class: 'content', dir: 'auto' });
    fillContent(body, item.content_html);
    return body;
  }
  return item.summary && element('div', { class: 'content', dir: 'auto' }, element('p', {}, item.summary));
}

/** @param {string | undefined} url */
function shortened(url) {
  const link = url && outbound(url, 'Read on at the source');
  return element('p', { class: 'shortened' }, link ? 'Shortened here. ' : 'Shortened here.', link);
}

/**
 * @param {Item} item
 * @param {boolean} isPictured
 */
function attachments(item, isPictured) {
  const beside = cover(item);
  const lines = listed(item, isPictured || beside !== null).map(attachment);
  if (lines.length === 0) return null;
  const files = list('attachments', {}, lines);
  if (beside) files.prepend(element('li', { class: 'cover' }, beside));
  return files;
}

/**
 * @param {import('./files.js').File} file
 * @returns {Part[]}
 */
function attachment(file) {
  const kind = medium(file);
  const isPlayed = kind === 'audio' || kind === 'video';
  return [
    isPlayed && element(kind, { controls: '', preload: 'none', src: file.url }),
    outbound(file.url, label(file) ?? say('File')),
    ...facts(file).flatMap((fact) => [' ', element('span', { class: 'kind' }, fact)]),
  ];
}

/**
 * @param {string} name
 * @param {Record<string, string>} attributes
 * @param {Part[][]} lines
 */
function list(name, attributes, lines) {
  return element('ul', { class: name, ...attributes }, ...lines.map((parts) => element('li', {}, ...parts)));
}

/**
 * @param {string} url
 * @param {Node | string} label
 */
function outbound(url, label) {
  return element('a', { href: url, rel: OUTBOUND }, label);
}

/**
 * @param {string} at
 * @param {string} form
 * @param {string} text
 */
function time(at, form, text) {
  return element('time', { datetime: at, 'data-time': form }, text);
}

/**
 * @param {string} name
 * @param {Record<string, string>} attributes
 * @param {...(Part | 0)} parts
 * @returns {HTMLElement}
 */
function element(name, attributes, ...parts) {
  const node = document.createElement(name);
  for (const [key, value] of Object.entries(attributes)) node.setAttribute(key, value);
  for (const part of parts) {
    if (part) node.append(part);
  }
  return node;
}
