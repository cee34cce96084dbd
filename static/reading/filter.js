/**
 * The filter of the page: posts of one source, with one tag, or both. The server has chosen what stands on the
 * page; of what arrives later, this chooses the same.
 *
 * @typedef {import('../post/post.js').Item} Item
 */

/** Readers of a filtered page come back in their own time when all of them have to. */
const COME_BACK_WITHIN = 5_000;

const { source, tag } = document.getElementById('main')?.dataset ?? {};

/** Whether the page shows only some of the blog's posts. */
export const isFiltered = source !== undefined || tag !== undefined;

/**
 * Whether a post belongs on this page.
 *
 * @param {Item} item
 */
export function isShown(item) {
  if (source !== undefined && item._livelog.source.title !== source) return false;
  return tag === undefined || (item.tags?.includes(tag) ?? false);
}

/** Among the newest posts, of which a reset tells, there may be none of these: only the server knows which are. */
export function comeBack() {
  setTimeout(() => location.reload(), Math.random() * COME_BACK_WITHIN);
}

/**
 * The page of one source, or of one tag. The server writes the same address.
 *
 * @param {string} blog
 * @param {'source' | 'tag'} kind
 * @param {string} value
 */
export const filterAddress = (blog, kind, value) => `/${blog}/?${kind}=${encodeURIComponent(value)}`;

/** The list of filters closes when the reader turns to something else. */
export function minimiseFilter() {
  const list = /** @type {HTMLDetailsElement | null} */ (document.getElementById('filters'));
  if (!list) return;
  addEventListener('keydown', (event) => {
    if (event.key !== 'Escape' || !list.open) return;
    list.open = false;
    list.querySelector('summary')?.focus();
  });
  addEventListener('pointerdown', ({ target }) => {
    if (target instanceof Node && !list.contains(target)) list.open = false;
  });
}
