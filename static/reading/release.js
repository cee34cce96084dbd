/**
 * When waiting posts are shown without the pill: the reader comes back to the top of the page, or no longer uses what
 * they would move.
 */

/**
 * @param {object} actions
 * @param {() => void} actions.atTop the reader came back to the top
 * @param {() => void} actions.freed the reader cleared a selection, left a control, or closed a dialog
 */
export function onReturn({ atTop, freed }) {
  let isAway = false;
  addEventListener(
    'scroll',
    () => {
      const wasAway = isAway;
      isAway = scrollY >= 1;
      if (wasAway && !isAway) atTop();
    },
    { passive: true },
  );
  addEventListener('keydown', ({ key, ctrlKey, metaKey, altKey, shiftKey }) => {
    if (key === 'Home' && !ctrlKey && !metaKey && !altKey && !shiftKey) atTop();
  });
  document.addEventListener('selectionchange', () => {
    if (getSelection()?.isCollapsed !== false) freed();
  });
  // The focus moves after the event.
  document.addEventListener('focusout', () => setTimeout(freed));
  document.addEventListener('close', freed, true);
}
