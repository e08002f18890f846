// @ts-check
// What to change now, on the picture: one instruction, or a "good" when it has been followed.

import { $, make, put } from './dom.js';
import { advice } from './texts.js';

export class Coach {
  /** @param {HTMLElement} place what it is shown on */
  constructor(place = $('frame')) {
    this.said = make('span');
    this.line = make('p', '', { id: 'coach', 'aria-live': 'polite', 'aria-atomic': 'true' });
    this.line.append(this.said);
    place.append(this.line);
  }

  /** @param {import('./feed.js').Event} event */
  take(event) {
    if (event.type === 'coach') this.#show(event);
    if (event.type === 'hello') this.#show(event.coach ?? {});
    if (event.type === 'stalled' || event.type === 'stopped') this.clear();
  }

  /** Say nothing: the recording begins, is over, or nothing arrives. */
  clear() {
    this.#show({});
  }

  /** @param {{ code?: string | null, text?: string, [key: string]: any }} event */
  #show(event) {
    const { text, language } = advice(event);
    this.line.dataset.kind = event.code === 'good' ? 'good' : 'change';
    this.line.lang = language;
    put(this.said, text);
  }
}
