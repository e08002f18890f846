// @ts-check
// The document: elements by id, texts into their places, panels shown and hidden.

import { put } from './elements.js';
import { duration, say, texts } from './texts.js';

export { make, put, shape } from './elements.js';

/** The element of an id, which index.html has. @param {string} id @returns {any} */
export const $ = (id) => document.getElementById(id);

/** Fill every element that names its text (data-text) or its label (data-label). @param {{ window_s: number }} about */
export function fill(about) {
  /** @type {Record<string, string>} */
  const labels = texts.page;
  const label = (/** @type {string | undefined} */ name) => say(labels[name ?? ''], { window: duration(about.window_s) });
  for (const element of document.querySelectorAll('[data-text]')) put(element, label(/** @type {HTMLElement} */ (element).dataset.text));
  for (const element of document.querySelectorAll('[data-label]')) element.setAttribute('aria-label', label(/** @type {HTMLElement} */ (element).dataset.label));
}
