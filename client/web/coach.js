// @ts-check
// What to change now, on the picture: one instruction, or a "good" when it has been followed.

import { $, make, put } from './dom.js';
import { request } from './server.js';

const LANGUAGES = ['en', 'zh-Hans'];

export class Coach {
  /** Texts by code. @type {Record<string, string>} */
  texts = {};

  constructor() {
    this.language = preferred(navigator.languages);
    this.said = make('span');
    this.place = make('p', '', { id: 'coach', 'aria-live': 'polite', 'aria-atomic': 'true', lang: 'en' });
    this.place.append(this.said);
    $('frame').append(this.place);
  }

  /** Read the texts of the person's language; until then, and without them, the events' own English is shown. */
  async open() {
    const told = await request(`coaching/${this.language}.json`).then((answer) => answer.json()).catch(() => null);
    this.texts = told?.texts ?? {};
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

  /** @param {{ code?: string | null, text?: string }} told */
  #show({ code, text }) {
    const own = code ? this.texts[code] : '';
    this.place.dataset.kind = code === 'good' ? 'good' : 'change';
    this.place.lang = own ? this.language : 'en';
    put(this.said, own || text || '');
  }
}

/** The first of the browser's languages that there are texts in. @param {readonly string[]} tags */
function preferred(tags) {
  const spoken = tags.map((tag) => tag.split('-')[0]);
  return spoken.map((tag) => LANGUAGES.find((language) => language.split('-')[0] === tag)).find(Boolean) ?? 'en';
}
