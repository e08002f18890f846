// @ts-check
// The length of the clip: one of those that the server offers, or a clip of each.

import { make } from './elements.js';
import { keep, recall } from './store.js';

/** @typedef {import('./connection.js').Config} Config @typedef {import('./words.js').Words} Words */

const KEY = 'take5.length';
const EACH = 'each';

export class Lengths {
  /** @type {number[]} */
  offered = [];
  /** @type {number[]} */
  byDefault = [];

  /** @param {HTMLSelectElement} select @param {HTMLElement} group what is shown where there is a choice @param {() => void} changed called when the person has chosen */
  constructor(select, group, changed) {
    this.select = select;
    this.group = group;
    select.addEventListener('change', () => {
      keep(KEY, select.value);
      changed();
    });
  }

  /** Offer what the server offers; where that is one length there is nothing to choose. @param {Config} config @param {Words} words */
  offer({ lengths, lengths_by_default: byDefault }, { texts, duration }) {
    const { select } = this;
    [this.offered, this.byDefault] = [lengths, byDefault];
    const usual = byDefault.length > 1 ? EACH : String(byDefault[0]);
    const each = make('option', texts.controls.each_length, { value: EACH });
    select.replaceChildren(...lengths.map((seconds) => make('option', duration(seconds), { value: String(seconds) })), each);
    select.value = recall(KEY) || usual;
    if (!select.value) select.value = usual; // what was chosen last is not offered
    this.group.hidden = lengths.length < 2;
  }

  /** The lengths of the next capture in seconds, the one that decides when to stop first. */
  get chosen() {
    if (this.offered.length < 2) return this.byDefault;
    const { value } = this.select;
    const first = this.byDefault[0];
    return value === EACH ? [first, ...this.offered.filter((seconds) => seconds !== first)] : [Number(value)];
  }

  /** The same for the server's address; nothing where it is what the server does anyway. */
  get query() {
    const { chosen } = this;
    if (String(chosen) === String(this.byDefault)) return '';
    return `?${new URLSearchParams(chosen.map((seconds) => ['seconds', String(seconds)]))}`;
  }
}
