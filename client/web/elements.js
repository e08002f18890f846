// @ts-check
// Elements: made, and written where their text changes.

/** Put a text where it is not yet: live regions speak again when they are written again. @param {Element} place @param {string} text */
export function put(place, text) {
  if (place.textContent !== text) place.textContent = text;
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
