/**
 * Addresses of pages. The server writes the same ones (pages/item.py, pages/filter.py).
 *
 * `blog`, here and elsewhere, is the path of the blog without its slashes at both ends: its name, such as `news`, or
 * `live/news` if the server is below a path. So no two blogs of an origin share what the browser keeps.
 */

/** @typedef {import('./posts.js').Key} Key */

/**
 * The page of one post among its neighbours.
 *
 * @param {string} blog
 * @param {string} id
 */
export const permalink = (blog, id) => `/${blog}/e/${id}#e-${id}`;

/**
 * The page of one source, or of one tag, in the same view.
 *
 * @param {string} blog
 * @param {'source' | 'tag'} kind
 * @param {string} value
 */
export function filterAddress(blog, kind, value) {
  const view = document.body.dataset.view === 'list' ? 'view=list&' : '';
  return `/${blog}/?${view}${kind}=${encodeURIComponent(value)}`;
}

/**
 * The page of the posts older than this one, with the filter of the current page. The server's `before` is a position
 * in microseconds, and an id.
 *
 * @param {string} blog
 * @param {Key} key
 */
export const olderThan = (blog, { position, id }) => addressOf(blog, `${micros(position)}-${id}`);

/**
 * The page that begins with this post.
 *
 * @param {string} blog
 * @param {Key} key
 */
export const startingWith = (blog, { position }) => addressOf(blog, `${micros(position) + 1}-a`);

/**
 * @param {string} blog
 * @param {string | null} before null: the front page
 */
export function addressOf(blog, before) {
  const query = new URLSearchParams(location.search);
  query.delete('before');
  if (before) query.set('before', before);
  const text = String(query);
  return `/${blog}/${text ? `?${text}` : ''}`;
}

/** @param {string} position */
function micros(position) {
  const [second, fraction = '0'] = position.replace('Z', '').split('.');
  return Date.parse(`${second}Z`) * 1000 + Number(fraction.padEnd(6, '0'));
}
