// @ts-check
// What training needs of a window: in step, seen, sharp, speaking. They come before the score.

import { $, make } from './dom.js';
import { texts } from './texts.js';

/** @typedef {Record<string, string | null>} Aspects */

/** Show how they are in a list. @param {string} id @param {Aspects | undefined} aspects undefined where no window is known */
export function showAspects(id, aspects) {
  const list = $(id);
  const shown = JSON.stringify(aspects ?? null);
  if (list.dataset.shown === shown) return;
  list.dataset.shown = shown;
  list.replaceChildren(...Object.keys(texts.aspects).map((aspect) => item(aspect, aspects?.[aspect] ?? 'unknown')));
}

/** @param {string} aspect @param {string} state */
function item(aspect, state) {
  const made = make('li', '', { 'data-state': state });
  made.append(make('b', texts.aspects[/** @type {keyof typeof texts.aspects} */ (aspect)]));
  made.append(make('span', texts.aspect_states[/** @type {keyof typeof texts.aspect_states} */ (state)] ?? state));
  return made;
}
