/** Elements that the page has whenever its script runs. */

/**
 * Throws an Error if there is none of this id.
 * @param {string} id
 */
export function required(id) {
  const found = document.getElementById(id);
  if (!found) throw new Error(`The page has no #${id}`);
  return found;
}
