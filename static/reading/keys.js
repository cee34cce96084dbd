/** The keyboard: each key is one command, as long as the reader types nowhere and has not turned it off. */

/**
 * @param {Record<string, () => void>} commands by key
 * @param {() => boolean} isOn
 */
export function listenToKeys(commands, isOn) {
  addEventListener('keydown', (event) => {
    const command = commands[event.key];
    if (!command || event.defaultPrevented || hasModifier(event) || isTyping(event.target) || !isOn()) return;
    event.preventDefault();
    command();
  });
}

/** @param {KeyboardEvent} event */
function hasModifier(event) {
  // With Shift some keyboards have "?"; the others are no letters of ours then.
  return event.ctrlKey || event.metaKey || event.altKey || event.isComposing;
}

/** @param {EventTarget | null} target */
function isTyping(target) {
  if (!(target instanceof HTMLElement)) return false;
  return target.isContentEditable || target.closest('input, textarea, select, dialog') !== null;
}
