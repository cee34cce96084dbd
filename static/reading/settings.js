/** What the reader chose, in this browser, for all tabs: it is remembered where the browser allows it. */

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
export function set(name, value) {
  try {
    if (value === null) localStorage.removeItem(PREFIX + name);
    else localStorage.setItem(PREFIX + name, value);
  } catch {
    // It is not remembered, then.
  }
}

/**
 * Tells of choices made in other tabs.
 *
 * @param {() => void} tell
 */
export function onSettings(tell) {
  addEventListener('storage', ({ key }) => {
    if (key === null || key.startsWith(PREFIX)) tell();
  });
}
