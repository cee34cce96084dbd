/** Settings of the reader, kept in this browser for all tabs, if it allows that. */

const PREFIX = 'livelog:';

/** @param {string} name */
export function setting(name) {
  try {
    return localStorage.getItem(PREFIX + name);
  } catch {
    return null;
  }
}

/**
 * @param {string} name
 * @param {string | null} value
 */
export function setSetting(name, value) {
  try {
    if (value === null) localStorage.removeItem(PREFIX + name);
    else localStorage.setItem(PREFIX + name, value);
  } catch {
    // Storage is blocked or full: the setting is not kept.
  }
}

/** True unless the reader turned single keys off. */
export const hasKeys = () => setting('keys') !== 'off';
