// @ts-check
// What to change now, on the picture: one instruction, or a "good" when it has been followed.

import { $, make, put } from './dom.js';
import { ofCode, texts } from './texts.js';

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

  /** An instruction of a later server has no text here: it is shown in the event's English. @param {{ code?: string | null, text?: string }} advice */
  #show({ code, text }) {
    const own = code ? ofCode(texts.coaching, code) : '';
    this.line.dataset.kind = code === 'good' ? 'good' : 'change';
    this.line.lang = own ? texts.language : 'en';
    put(this.said, own || text || '');
  }
}
