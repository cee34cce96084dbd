/** The panel that shows the changes of a correction, fetched when the reader opens it. */

import { request } from '../connection/request.js';
import { diff, shortened } from './diff.js';
import { parsePage } from './html.js';
import { itemOf } from './items.js';
import { say } from '../reading/words.js';

/**
 * @typedef {import('./diff.js').Part} Part
 * @typedef {import('./post.js').Item} Item
 *
 * @typedef {object} Form the readable text of a post
 * @property {string} title
 * @property {string} text one line for each block
 */

/** Elements that begin a line. */
const BLOCKS = new Set(
  ('BLOCKQUOTE BR CAPTION DD DETAILS DIV DL DT FIGCAPTION FIGURE H1 H2 H3 H4 H5 H6 HR LI OL P PRE SUMMARY TABLE TD ' +
    'TH TR UL').split(' '),
);

let panels = 0;

/**
 * Opens and closes the panels of all posts, also of those that arrive later.
 *
 * @param {HTMLElement} root
 * @param {string} blog
 */
export function followChanges(root, blog) {
  // The buttons are hidden without this script.
  document.documentElement.classList.add('scripted');
  root.addEventListener('click', (event) => {
    const button = /** @type {Element} */ (event.target).closest('.what-changed');
    if (button) void toggle(/** @type {HTMLElement} */ (button), blog);
  });
}

/**
 * @param {HTMLElement} button
 * @param {string} blog
 */
async function toggle(button, blog) {
  const article = /** @type {HTMLElement | null} */ (button.closest('.entry'));
  if (!article || button.getAttribute('aria-busy')) return;
  const shown = article.querySelector(':scope > .changes');
  if (shown) {
    shown.remove();
    button.setAttribute('aria-expanded', 'false');
    button.removeAttribute('aria-controls');
    return;
  }
  button.setAttribute('aria-busy', 'true');
  const lines = await explain(article, blog);
  button.removeAttribute('aria-busy');
  // It may have been corrected or withdrawn meanwhile.
  if (!button.isConnected) return;
  const panel = document.createElement('div');
  const body = document.createElement('div');
  panels += 1;
  panel.className = 'changes';
  panel.id = `changes-${panels}`;
  panel.setAttribute('role', 'group');
  panel.setAttribute('aria-label', say('Changes'));
  body.append(...lines);
  panel.append(body);
  article.querySelector(':scope > .byline')?.after(panel);
  button.setAttribute('aria-controls', panel.id);
  button.setAttribute('aria-expanded', 'true');
}

/**
 * @param {HTMLElement} article
 * @param {string} blog
 * @returns {Promise<HTMLElement[]>}
 */
async function explain(article, blog) {
  const { id = '', revision = '' } = article.dataset;
  /** @type {[Item | null, Item | null]} */
  let forms;
  try {
    forms = await Promise.all([
      requestFormer(`/${blog}/e/${encodeURIComponent(id)}/previous`),
      itemOf(article, blog),
    ]);
  } catch {
    return [note(say('The earlier version could not be loaded.'))];
  }
  const [former, item] = forms;
  if (!former || !item) return [note(say('The earlier version is no longer known.'))];
  if (former._livelog.revision >= Number(revision)) return [note(say('This post has just been updated again.'))];
  return compared(formOf(former), formOf(item));
}

/**
 * @param {string} path
 * @returns {Promise<Item | null>} null if it is not kept
 */
async function requestFormer(path) {
  const response = await request(path);
  if (response.status === 404) return null;
  if (!response.ok) throw new Error(response.statusText);
  return response.json();
}

/**
 * @param {Form} before
 * @param {Form} now
 */
function compared(before, now) {
  const lines = [];
  if (before.title !== now.title) lines.push(...changed(before.title, now.title, 'changes-title'));
  if (before.text !== now.text) lines.push(...changed(before.text, now.text, ''));
  return lines.length > 0 ? lines : [note(say('The words are the same; something else was changed.'))];
}

/**
 * @param {string} before
 * @param {string} now
 * @param {string} className
 */
function changed(before, now, className) {
  const parts = diff(before, now);
  if (parts) return paragraphs(shortened(parts), className);
  const whole = `${className} changes-whole`.trim();
  return [
    ...(before ? [note(say('Before:')), ...paragraphs([{ kind: 'gone', text: before }], whole)] : []),
    ...(now ? [note(say('Now:')), ...paragraphs([{ kind: 'new', text: now }], whole)] : []),
  ];
}

/**
 * @param {Part[]} parts
 * @param {string} className
 */
function paragraphs(parts, className) {
  const lines = [line(className)];
  for (const { kind, text } of parts) {
    text.split('\n').forEach((piece, n) => {
      if (n > 0) lines.push(line(className));
      if (piece) lines.at(-1)?.append(marked(kind, piece));
    });
  }
  return lines.filter((paragraph) => paragraph.hasChildNodes());
}

/**
 * @param {Part['kind']} kind
 * @param {string} text
 */
function marked(kind, text) {
  if (kind === 'same') return text;
  const mark = document.createElement(kind === 'gone' ? 'del' : 'ins');
  // Few screen readers announce these elements.
  mark.append(
    aloud(kind === 'gone' ? say('[removed:') : say('[added:'), ' '),
    text.trimEnd(),
    aloud(']', ''),
  );
  const fragment = document.createDocumentFragment();
  fragment.append(mark, /\s$/.test(text) ? ' ' : '');
  return fragment;
}

/**
 * @param {string} words
 * @param {string} space
 */
function aloud(words, space) {
  const hidden = document.createElement('span');
  hidden.className = 'visually-hidden';
  hidden.textContent = words + space;
  return hidden;
}

/** @param {string} className */
function line(className) {
  const paragraph = document.createElement('p');
  paragraph.dir = 'auto';
  if (className) paragraph.className = className;
  return paragraph;
}

/** @param {string} sentence */
function note(sentence) {
  const paragraph = document.createElement('p');
  paragraph.className = 'changes-note';
  paragraph.textContent = sentence;
  return paragraph;
}

/** @param {Item} item */
function formOf(item) {
  const text = item.content_html ? textOf(parsePage(item.content_html).body) : inOneLine(item.summary ?? '');
  return { title: item.title ?? '', text };
}

/** @param {Element} root */
function textOf(root) {
  return pieces(root).join('').split('\n').map(inOneLine).filter(Boolean).join('\n');
}

/** @param {string} text */
function inOneLine(text) {
  return text.replace(/\s+/g, ' ').trim();
}

/**
 * @param {Node} node
 * @returns {string[]}
 */
function pieces(node) {
  /** @type {string[]} */
  const found = [];
  for (const child of node.childNodes) {
    if (child instanceof Text) found.push(inLine(child));
    if (!(child instanceof Element)) continue;
    const end = BLOCKS.has(child.tagName) ? '\n' : '';
    found.push(end, ...pieces(child), end);
  }
  return found;
}

/** @param {Text} text */
function inLine(text) {
  return text.parentElement?.closest('pre') ? text.data : text.data.replace(/\s+/g, ' ');
}
