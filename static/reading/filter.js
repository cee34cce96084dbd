/** The filter of the page: posts of one source, with one tag, or both. Arriving posts are filtered by the same rule. */

/** Milliseconds within which filtered pages reload after a reset. */
const RELOAD_DELAY = 5_000;

const { source, tag } = document.getElementById('main')?.dataset ?? {};

/** True if the page shows only some of the blog's posts. */
export const isFiltered = source !== undefined || tag !== undefined;

/**
 * @param {import('../post/post.js').Item} item
 * @returns {boolean} true if it belongs on this page
 */
export function matches(item) {
  if (source !== undefined && item._livelog.source.title !== source) return false;
  return tag === undefined || (item.tags?.includes(tag) ?? false);
}

/** Reloads the page after a reset, which has only the newest posts of the blog: perhaps none that match. */
export function reload() {
  setTimeout(() => location.reload(), Math.random() * RELOAD_DELAY);
}

/** Closes the filter sheet on Escape, and when the reader presses outside it. */
export function closeFilterOutside() {
  const sheet = /** @type {HTMLDetailsElement | null} */ (document.getElementById('filters'));
  if (!sheet) return;
  addEventListener('keydown', (event) => {
    if (event.key !== 'Escape' || !sheet.open) return;
    sheet.open = false;
    sheet.querySelector('summary')?.focus();
  });
  addEventListener('pointerdown', ({ target }) => {
    if (target instanceof Node && !sheet.contains(target)) sheet.open = false;
  });
}
