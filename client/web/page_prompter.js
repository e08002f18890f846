// @ts-check
// The prompter of the page: its places, and what the page does while there are sentences.

import { $ } from './dom.js';
import { link } from './link.js';
import { Prompter } from './prompter.js';
import { access } from './server.js';
import { texts } from './texts.js';

/** @param {() => void} changed the person speaks in another way from now on */
export function pagePrompter(changed) {
  const place = (/** @type {string} */ name) => $(`prompter-${name}`);
  const places = { group: $('prompter'), text: place('text'), now: place('now'), after: place('after'), on: place('on'), language: place('language'), next: place('next'), keys: document };
  return new Prompter(places, access, {
    wanted: () => (link.platform ? [texts.language] : []),
    changed,
    shown: (on) => { document.body.dataset.prompter = on ? 'on' : 'off'; },
  });
}
