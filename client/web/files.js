// @ts-check
// A capture's files in elements that send no headers: the clip in its player, links to the report and the rest.
// Where the server asks for a token, each use of a file needs a ticket of its own; what is refused is a "refused" event.

import { $, make } from './dom.js';
import { access, address, ticketed } from './server.js';

/** A ticket older than this may have expired. */
const OLD_MS = 60000;

/** What the player shows; '' for nothing. */
let shown = '';
let since = 0;

/** Load the clip and play it. @param {string} path */
export async function play(path) {
  shown = path;
  if (!(await load())) return;
  $('clip').play().catch(() => {}); // a browser that waits for a click
}

/** Load what is shown; false if something else is shown by now, or it is refused. */
async function load() {
  const path = shown;
  try {
    const url = await ticketed(path);
    if (path !== shown) return false;
    since = performance.now();
    $('clip').src = url;
    return true;
  } catch (error) {
    if (path === shown) refuse($('clip'), error);
    return false;
  }
}

/** The player cannot go on: if its ticket may have expired, it gets another and goes on where it was. */
export async function failed() {
  const clip = $('clip');
  if (!shown || !clip.getAttribute('src')) return;
  if (!access.token || performance.now() - since < OLD_MS) return void refuse(clip, { code: 'no_clip_play' });
  const { currentTime, paused } = clip;
  if (!(await load())) return;
  clip.currentTime = currentTime;
  if (!paused) clip.play().catch(() => {});
}

export function unload() {
  shown = '';
  $('clip').removeAttribute('src');
  $('clip').load();
}

/** Give the clip's view the shape of the clip. */
export function fit() {
  const { videoWidth: width, videoHeight: height } = $('clip');
  if (width) $('clip').style.setProperty('--aspect', `${width} / ${height}`);
}

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
