/**
 * Markup enters the page here only. The server sanitised the content of every post; the Content-Security-Policy names
 * this one Trusted Types policy, so that no other code can put markup into the DOM.
 *
 * @typedef {{createHTML(markup: string): string}} Policy
 */

/** @type {Policy} */
const PLAIN = { createHTML: (markup) => markup };

const policy = trustedPolicy() ?? PLAIN;

/** @returns {Policy | undefined} undefined in a browser without Trusted Types */
function trustedPolicy() {
  const factory = /** @type {{trustedTypes?: {createPolicy(name: string, rules: Policy): Policy}}} */ (
    /** @type {unknown} */ (window)
  ).trustedTypes;
  return factory?.createPolicy('livelog', PLAIN);
}

/**
 * Fills an element with markup that the server sanitised.
 *
 * @param {Element} element
 * @param {string} markup
 */
export function fill(element, markup) {
  element.innerHTML = policy.createHTML(markup);
}

/**
 * Parses a page of this server. Nothing in it is loaded or run.
 *
 * @param {string} markup
 * @returns {Document}
 */
export function parsePage(markup) {
  return new DOMParser().parseFromString(policy.createHTML(markup), 'text/html');
}
