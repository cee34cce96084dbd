/** The help dialog: the keys, and the settings of the reader. */

import { hasKeys, setSetting, setting } from './settings.js';
import { allowNotifications, playTone } from './signals.js';
import { say } from './words.js';

/** @returns {{button: HTMLElement, toggle: () => void}} */
export function helpDialog() {
  const dialog = document.createElement('dialog');
  dialog.id = 'help';
  dialog.setAttribute('aria-labelledby', 'help-title');
  const toggle = () => (dialog.open ? dialog.close() : open(dialog));
  const button = element('button', { type: 'button', class: 'quiet', id: 'help-button', 'aria-haspopup': 'dialog' }, '?');
  button.title = say('Keyboard shortcuts, sound and notifications');
  button.setAttribute('aria-label', button.title);
  button.addEventListener('click', toggle);
  dialog.addEventListener('click', ({ target }) => {
    if (target === dialog) dialog.close();
  });
  document.body.append(dialog);
  return { button, toggle };
}

/** @param {HTMLDialogElement} dialog */
function open(dialog) {
  dialog.replaceChildren(sheet());
  dialog.showModal();
}

function sheet() {
  const keys = element('dl', {});
  for (const [key, what] of [
    ['j', say('Next post')],
    ['k', say('Previous post')],
    ['n', say('First unread post')],
    ['o', say('Open or close the post')],
    ['v', say('View its source')],
    ['c', say('Copy its link')],
    ['p', say('Pause or resume')],
    ['?', say('Show this help')],
  ]) {
    keys.append(element('dt', {}, element('kbd', {}, key ?? '')), element('dd', {}, what ?? ''));
  }
  const form = element('form', { method: 'dialog' }, element('button', { class: 'quiet' }, say('Close')));
  return element(
    'div',
    { class: 'help' },
    element('h2', {}, say('New posts')),
    signals(),
    element(
      'div',
      { class: 'keys' },
      element('h2', { id: 'help-title' }, say('Keyboard shortcuts')),
      keys,
      choice('keys', say('Single-key shortcuts'), hasKeys(), (isOn) => setSetting('keys', isOn ? null : 'off')),
    ),
    form,
  );
}

/** The choices of sound and notifications. */
export function signals() {
  return element(
    'div',
    {},
    choice('sound', say('Soft sound'), setting('sound') === 'on', (isOn) => {
      setSetting('sound', isOn ? 'on' : null);
      if (isOn) playTone();
    }),
    choice('notifications', say('Notifications while this page is in the background'), setting('notifications') === 'on', chooseNotifications),
  );
}

/**
 * @param {boolean} isOn
 * @param {HTMLInputElement} box
 */
async function chooseNotifications(isOn, box) {
  const isAllowed = isOn && (await allowNotifications());
  setSetting('notifications', isAllowed ? 'on' : null);
  box.checked = isAllowed;
  if (isOn && !isAllowed) box.setCustomValidity(say('Notifications are blocked. Allow them in your browser’s site settings.'));
  box.reportValidity();
}

/**
 * @param {string} name
 * @param {string} label
 * @param {boolean} isOn
 * @param {(isOn: boolean, box: HTMLInputElement) => unknown} choose
 */
function choice(name, label, isOn, choose) {
  const box = /** @type {HTMLInputElement} */ (element('input', { type: 'checkbox', name }));
  box.checked = isOn;
  box.addEventListener('change', () => {
    box.setCustomValidity('');
    void choose(box.checked, box);
  });
  return element('label', { class: 'choice' }, box, ' ', label);
}

/**
 * @param {string} name
 * @param {Record<string, string>} attributes
 * @param {...(Node | string)} parts
 */
function element(name, attributes, ...parts) {
  const node = document.createElement(name);
  for (const [key, value] of Object.entries(attributes)) node.setAttribute(key, value);
  node.append(...parts);
  return node;
}
