// @ts-check
// A capture's files in elements that send no headers: the clip in its player, links to the report and the rest.
// Where the server asks for a token, each use of a file needs a ticket of its own; what is refused is a "refused" event.

import { $, make } from './dom.js';
import { Player } from './player.js';
import { access, address, ticketed } from './server.js';

const player = new Player($('clip'), access, (error) => refuse($('clip'), error));
export const play = (/** @type {string} */ path) => player.play(path);
export const failed = () => player.failed();
export const unload = () => player.unload();
export const fit = () => player.fit();

/** A link to a file. @param {string} text @param {string} path @param {Record<string, string>} how attributes */
export function link(text, path, how) {
  const element = make('a', text, { href: address(path), ...how });
  if (!access.token) return element;
  const open = (/** @type {Event} */ event) => follow(element, path, how, /** @type {MouseEvent} */ (event));
  element.addEventListener('click', open);
  element.addEventListener('auxclick', open);
  return element;
}

/** @param {HTMLElement} element @param {string} path @param {Record<string, string>} how @param {MouseEvent} event */
async function follow(element, path, how, event) {
  if (event.button > 1) return; // the menu
  event.preventDefault();
  const tab = how.download ? null : open('', '_blank'); // at once: later the browser takes it for a popup
  if (tab) tab.opener = null;
  try {
    const url = await ticketed(path);
    if (tab) tab.location.replace(url);
    else make('a', '', { href: url, ...how }).click();
  } catch (error) {
    tab?.close();
    refuse(element, error);
  }
}

/** @param {HTMLElement} element @param {unknown} detail */
const refuse = (element, detail) => element.dispatchEvent(new CustomEvent('refused', { bubbles: true, detail }));
