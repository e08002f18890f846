// @ts-check
// The document: elements by id, texts into their places, panels shown and hidden.

import { duration, say, texts } from './texts.js';

/** The element of an id, which index.html has. @param {string} id @returns {any} */
export const $ = (id) => document.getElementById(id);

/** Put a text where it is not yet: live regions speak again when they are written again. @param {Element} place @param {string} text */
export function put(place, text) {
  if (place.textContent !== text) place.textContent = text;
}

/** Fill every element that names its text (data-text) or its label (data-label). @param {{ window_s: number }} about */
export function fill(about) {
  /** @type {Record<string, string>} */
  const labels = texts.page;
  const label = (/** @type {string | undefined} */ name) => say(labels[name ?? ''], { window: duration(about.window_s) });
  for (const element of document.querySelectorAll('[data-text]')) put(element, label(/** @type {HTMLElement} */ (element).dataset.text));
  for (const element of document.querySelectorAll('[data-label]')) element.setAttribute('aria-label', label(/** @type {HTMLElement} */ (element).dataset.label));
}

/** @param {string} tag @param {string} text @param {Record<string, string>} attributes */
export function make(tag, text = '', attributes = {}) {
  const made = document.createElement(tag);
  made.textContent = text;
  for (const [key, value] of Object.entries(attributes)) made.setAttribute(key, value);
  return made;
}

/** @param {string} tag @param {Record<string, string | number>} attributes @param {string} text */
export function shape(tag, attributes, text = '') {
  const made = document.createElementNS('http://www.w3.org/2000/svg', tag);
  for (const [key, value] of Object.entries(attributes)) made.setAttribute(key, typeof value === 'number' ? String(Math.round(value * 10) / 10) : value);
  made.textContent = text;
  return made;
}
