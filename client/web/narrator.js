// @ts-check
// What is happening, in words: the most urgent thing, no faster than a person can read.

import { put } from './dom.js';
import { meaning as meaningIn } from './meaning.js';
import { words } from './texts.js';

/** @typedef {import('./session.js').Session} Session */

const STEADY_MS = 1500;

export class Narrator {
  /** @param {HTMLElement} place */
  constructor(place) {
    this.place = place;
    this.changed = -STEADY_MS;
  }

  /** Say something at once; for what a person has just done, or must know now. @param {string} text */
  say(text) {
    clearTimeout(this.timer);
    this.#set(text);
  }

  /** Say something, once what is said now has been there long enough to be read. @param {string} text */
  suggest(text) {
    clearTimeout(this.timer);
    const wait = this.changed + STEADY_MS - performance.now();
    if (wait <= 0) this.#set(text);
    else this.timer = setTimeout(() => this.#set(text), wait);
  }

  /** @param {string} text */
  #set(text) {
    if (this.place.textContent === text) return;
    put(this.place, text);
    this.changed = performance.now();
  }
}

/** What a session's state means for the person talking. @param {Session} session @param {boolean} external another sender sends */
export const meaning = (session, external) => meaningIn(words, session, external);
