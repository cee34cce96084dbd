/** Sheets of the bar (`<details>`), which close on Escape, and when press or focus go elsewhere. */

/**
 * @param {HTMLDetailsElement} sheet
 * @returns {() => void} opens the sheet; Escape then leads back to the element that has the focus now
 */
export function closeOutside(sheet) {
  /** @type {Element | null} */
  let before = null;
  addEventListener('keydown', (event) => {
    // Of two sheets, the inner one closes first. Escape does nothing else then, such as to fold an open post.
    if (event.key !== 'Escape' || event.defaultPrevented || !sheet.open || sheet.querySelector('details[open]')) return;
    event.preventDefault();
    sheet.open = false;
    const target = before?.isConnected && before !== document.body ? before : sheet.querySelector('summary');
    if (target instanceof HTMLElement) target.focus();
    before = null;
  }, { capture: true });
  for (const type of ['pointerdown', 'focusin']) {
    addEventListener(type, ({ target }) => {
      // A sheet in another stays: what is below it would move away from the pointer.
      const isOutside = target instanceof Node && !sheet.contains(target);
      if (isOutside && !sheet.parentElement?.closest('details')) sheet.open = false;
    });
  }
  return () => {
    if (!sheet.open) before = document.activeElement;
    const outer = sheet.parentElement?.closest('details');
    if (outer) outer.open = true;
    sheet.open = true;
  };
}
