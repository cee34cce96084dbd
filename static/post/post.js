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

import { changesButton } from './changes.js';
import { clock, day, later } from '../reading/clock.js';
import { facts, label, listed, medium } from './files.js';
import { filterAddress } from '../reading/filter.js';
import { cover, fillContent, lead, served } from './images.js';
import { hue, initial } from './source.js';
import { say } from '../reading/words.js';

/** @typedef {Node | string | null | undefined | false} Part */

const OUTBOUND = 'noopener noreferrer';

/**
 * The address of one post's own page, at which it stands among its neighbours.
 *
 * @param {string} blog
 * @param {string} id
 */
export const permalink = (blog, id) => `/${blog}/e/${id}#e-${id}`;

/**
 * @param {Item} item
 * @param {string} blog the blog's name in addresses
 * @returns {HTMLElement}
 */
export function renderEntry(item, blog) {
  const { position, revision } = item._livelog;
  const picture = lead(item);
  const attributes = {
    class: 'entry h-entry',
    id: `e-${item.id}`,
    'data-id': item.id,
    'data-position': position,
    'data-revision': String(revision),
  };
  return element(
    'article',
    attributes,
    element('p', { class: 'day' }, time(position, 'day', day(position))),
    element(
      'a',
      { class: 'when u-url', href: permalink(blog, item.id) },
      time(position, 'clock', clock(position), 'dt-published'),
    ),
    item.title && headline(item.title, item.url, permalink(blog, item.id)),
    byline(item, blog),
    picture,
    content(item),
    item._livelog.truncated && shortened(item.url),
    attachments(item, picture !== null),
    item.tags?.length && list('tags', { 'aria-label': say('Tags') }, item.tags.map((tag) => [tagLink(tag, blog)])),
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
  return element('h2', { class: 'headline p-name', dir: 'auto' }, link);
}

/**
 * @param {Item} item
 * @param {string} blog
 */
function byline(item, blog) {
  const name = item._livelog.source.title;
  const others = (item.authors ?? []).map((author) => author.name).filter((author) => author && author !== name);
  return element(
    'p',
    { class: 'byline' },
    source(name, blog),
    others.length > 0 && element('span', { class: 'authors p-author' }, element('bdi', {}, others.join(', '))),
    item._livelog.revision > 1 && corrected(item.date_modified ?? item._livelog.corrected, item._livelog.position),
    item._livelog.corrected !== undefined && changesButton(),
    item.url && !item.title && original(item.url),
  );
}

/**
 * @param {string} name
 * @param {string} blog
 */
function source(name, blog) {
  const tile = element('span', { class: `tile hue-${hue(name)}`, 'aria-hidden': 'true' }, initial(name));
  const label = element('bdi', { class: 'p-name' }, name);
  const link = element('a', { href: filterAddress(blog, 'source', name) }, label);
  return element('span', { class: 'source p-author h-card' }, tile, link);
}

/**
 * @param {string | undefined} modified
 * @param {string} position
 */
function corrected(modified, position) {
  const when = modified && time(modified, 'later', later(modified, position), 'dt-updated');
  if (when) when.setAttribute('data-than', position);
  return element('span', { class: 'corrected' }, say('Corrected'), when && ' ', when);
}

/** @param {string} url of a post without a title, which would lead there */
function original(url) {
  return element('a', { class: 'original', href: url, rel: OUTBOUND }, say('Original'));
}

/**
 * @param {string} tag
 * @param {string} blog
 */
function tagLink(tag, blog) {
  return element('a', { class: 'p-category', href: filterAddress(blog, 'tag', tag) }, element('bdi', {}, tag));
}

/** @param {Item} item */
function content(item) {
  if (item.content_html) {
    const body = element('div', { class: 'content e-content', dir: 'auto' });
    fillContent(body, item.content_html);
    return body;
  }
  return item.summary && element('div', { class: 'content e-content', dir: 'auto' }, element('p', {}, item.summary));
}

/** @param {string | undefined} url */
function shortened(url) {
  const link = url && outbound(url, say('Read on at the source'));
  return element('p', { class: 'shortened' }, say('Shortened here.'), link && ' ', link);
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
 * @param {string} [name] its class
 */
function time(at, form, text, name) {
  return element('time', { ...(name && { class: name }), datetime: at, 'data-time': form }, text);
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
