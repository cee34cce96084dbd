/** The mark of a source: its initial, and a colour that is always the same for the same name. */

const HUES = 12;
const FNV_OFFSET = 0x811c9dc5;
const FNV_PRIME = 0x01000193;

/**
 * The first letter or digit of the name. The server computes the same.
 *
 * @param {string} name
 */
export function initial(name) {
  return /[\p{L}\p{N}]/u.exec(name)?.[0].toUpperCase() ?? '•';
}

/**
 * 0 … 11: FNV-1a, 32 bits, over the name's UTF-8 bytes. The server computes the same.
 *
 * @param {string} name
 */
export function hue(name) {
  let hash = FNV_OFFSET;
  for (const byte of new TextEncoder().encode(name)) {
    hash = Math.imul(hash ^ byte, FNV_PRIME);
  }
  return (hash >>> 0) % HUES;
}
