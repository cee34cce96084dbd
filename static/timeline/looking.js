/** Where the reader is, and whether they look. */

import { firstInView } from './scroll.js';

/**
 * Whether posts may slide in: the reader sees the top of the page, and is at nothing that they would move away.
 *
 * @param {HTMLElement} list
 */
export function isWatchingTop(list) {
  return !document.hidden && scrollY < 1 && !isBusy(list);
}

/** @param {HTMLElement} list */
function isBusy(list) {
  const selection = getSelection();
  const selects = selection?.isCollapsed === false && list.contains(selection.anchorNode);
  const held = document.activeElement;
  const uses = held instanceof HTMLElement && list.contains(held) && !held.matches('article');
  return selects || uses || document.querySelector('dialog[open]') !== null;
}

/**
 * The first and the last part of the list that the reader can see.
 *
 * @param {HTMLElement} list
 * @returns {[Element, Element] | null}
 */
export function partsInView(list) {
  const first = firstInView(list, barHeight());
  if (!first) return null;
  const below = firstInView(list, innerHeight);
  return [first, below ?? list.lastElementChild ?? first];
}

/** How far down the bar reaches. */
export const barHeight = () => document.querySelector('.bar-line')?.getBoundingClientRect().bottom ?? 0;
