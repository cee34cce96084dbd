/**
 * The line of facts below a post: the site that it is from, episode, place, another page, comments. pages/details.py has
 * the same rules.
 *
 * @typedef {import('./post.js').Item} Item
 */

import { count, say } from '../reading/words.js';

/**
 * Fills the list, or removes it.
 *
 * @param {Element} list
 * @param {Item} item
 */
export function fillDetails(list, item) {
  for (const [text, url] of detailsOf(item)) {
    const entry = document.createElement('li');
    entry.append(url ? link(text, url) : text);
    list.append(entry);
  }
  if (!list.firstChild) list.remove();
}

/**
 * @param {string} text
 * @param {string} url
 */
export function link(text, url) {
  const anchor = document.createElement('a');
  anchor.href = url;
  anchor.rel = 'noopener noreferrer';
  anchor.textContent = text;
  return anchor;
}

/**
 * @param {Item} item
 * @returns {[string, string | undefined][]} each fact as text, with the address that it leads to
 */
function detailsOf({ url, external_url: other, content_html: text = '', _livelog: { original, episode, place, comments, preview } }) {
  /** @type {[string, string | undefined][]} */
  const facts = [];
  if (original) facts.push([say('From {name}', { name: original.title }), original.url]);
  if (episode) facts.push([episodeOf(episode), undefined]);
  if (place) facts.push(placeOf(place));
  const host = /^https?:\/\/(?:[^/?#@]*@)?(?:www\.)?([^/?#]*)/.exec(other ?? '')?.[1];
  if (host && other !== url) facts.push([host, other]);
  // Shown text may lead there already, as that of Hacker News does.
  const isLinked = comments && !comments.count && !preview && text.includes(comments.url.replaceAll('&', '&amp;'));
  if (comments && !isLinked) facts.push([comments.count ? count('{n} comment', '{n} comments', comments.count) : say('Comments'), comments.url]);
  return facts;
}

/** @param {{season?: number, number?: number}} episode */
function episodeOf({ season, number = 0 }) {
  if (!season) return say('Episode {number}', { number });
  return number ? say('S{season} E{number}', { season, number }) : say('Season {season}', { season });
}

/**
 * @param {{name?: string, latitude?: number, longitude?: number}} place
 * @returns {[string, string | undefined]}
 */
function placeOf({ name = '', latitude, longitude }) {
  if (latitude === undefined || longitude === undefined) return [name, undefined];
  const [north, east] = [latitude.toFixed(4), longitude.toFixed(4)];
  return [name || `${north}, ${east}`, `https://www.openstreetmap.org/?mlat=${north}&mlon=${east}#map=12/${north}/${east}`];
}

/**
 * The caption and credit of a post's picture.
 *
 * @param {Item} item
 */
export const captionOf = ({ _livelog: { picture } }) => [picture?.caption, picture?.credit].filter(Boolean).join(' · ');
