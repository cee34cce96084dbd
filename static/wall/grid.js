/**
 * The grid of a wall: as many whole cells as fit, and no more than are needed. Lengths are in rem, which grow with the
 * screen (static/wall.css): 1920 × 1080 and 3840 × 2160 have the same grid.
 *
 * @typedef {{width: number, height: number}} Size
 * @typedef {{columns: number, rows: number, capacity: number, type: number}} Grid type: the scale of the letters
 */

const GAP = 2.25;

/** The least size of a card on the board, and the rows and columns of the newest post. */
const CARD = { width: 27.75, height: 9.6 };
const LEAD_ROWS = 3;
const LEAD_COLUMNS = 2;

/** The least size of a source's cell. */
const CELL = { width: 25.75, height: 18.7 };

const MAX_TYPE = 1.6;

/**
 * The size inside an element's padding.
 *
 * @param {Element} element
 * @returns {Size}
 */
export function sizeOf(element) {
  const rem = parseFloat(getComputedStyle(document.documentElement).fontSize);
  const { paddingTop, paddingBottom, paddingLeft, paddingRight } = getComputedStyle(element);
  return {
    width: (element.clientWidth - parseFloat(paddingLeft) - parseFloat(paddingRight)) / rem,
    height: (element.clientHeight - parseFloat(paddingTop) - parseFloat(paddingBottom)) / rem,
  };
}

/**
 * The board of so many posts: the newest over 2 × 3 cells, the others in one each.
 *
 * @param {number} count
 * @param {Size} size
 * @returns {Grid}
 */
export function boardGrid(count, { width, height }) {
  const columns = count === 1 ? 1 : Math.max(1, Math.floor((width + GAP) / (CARD.width + GAP)));
  const beside = Math.max(columns - LEAD_COLUMNS, 0) * LEAD_ROWS;
  const below = Math.max(count - 1 - beside, 0);
  const fitting = Math.max(LEAD_ROWS, Math.floor(height / CARD.height));
  const rows = Math.min(fitting, LEAD_ROWS + Math.ceil(below / columns));
  const type = Math.min(height / rows / CARD.height, MAX_TYPE);
  return { columns, rows, capacity: 1 + beside + (rows - LEAD_ROWS) * columns, type: Math.max(type, 1) };
}

/**
 * The grid of so many sources that shows most of them, in the largest letters.
 *
 * @param {number} count
 * @param {Size} size
 * @returns {Grid}
 */
export function cellGrid(count, { width, height }) {
  const maxColumns = Math.max(1, Math.floor((width + GAP) / (CELL.width + GAP)));
  const maxRows = Math.max(1, Math.floor(height / CELL.height));
  const grids = Array.from({ length: maxColumns }, (_, index) => {
    const columns = index + 1;
    const rows = Math.max(1, Math.min(Math.ceil(count / columns), maxRows));
    const own = (width + GAP) / columns - GAP;
    const type = Math.min(own / CELL.width, height / rows / CELL.height, MAX_TYPE);
    return { columns, rows, capacity: columns * rows, type: Math.max(type, 1) };
  });
  const shown = (/** @type {Grid} */ { capacity }) => Math.min(capacity, count);
  return grids.reduce((best, one) => {
    const more = shown(one) - shown(best);
    return more > 0 || (more === 0 && one.type > best.type) ? one : best;
  });
}

/**
 * @param {HTMLElement} element
 * @param {Grid} grid
 */
export function setGrid({ style }, { columns, rows, type }) {
  style.setProperty('--columns', String(columns));
  style.setProperty('--rows', String(rows));
  style.setProperty('--lead', String(Math.min(columns, LEAD_COLUMNS)));
  style.setProperty('--type', type.toFixed(3));
}
