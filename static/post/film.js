/** Films of other sites: the picture of the post leads to the film, and nothing of that site is loaded before. */

const FILM = /^https?:\/\/(?:(?:(?:www|m)\.)?youtube\.com\/(?:watch\?|shorts\/|live\/)|youtu\.be\/|(?:www\.)?vimeo\.com\/\d)/i;

/**
 * Link the picture of a post to its film, if the post links to one. pages/images.py has the same addresses.
 *
 * @param {HTMLElement} article
 * @param {string | undefined} url
 */
export function linkFilm(article, url) {
  if (!url || !FILM.test(url)) return;
  const thumb = article.querySelector('.thumb');
  if (!thumb) return;
  thumb.classList.add('film');
  thumb.setAttribute('href', url);
  thumb.setAttribute('rel', 'noopener noreferrer');
}
