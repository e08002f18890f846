// What is happening, in words: the most urgent thing, and no more often than a person can read.

import { STATUS, clock } from './texts.js';

const STEADY_MS = 1500;
const SILENT_DBFS = -70;
const QUIET_DBFS = -45;

export class Narrator {
  /** @param {HTMLElement} place */
  constructor(place) {
    this.place = place;
    this.changed = 0;
    this.timer = null;
  }

  /** Say something at once. */
  say(text) {
    clearTimeout(this.timer);
    this.#set(text);
  }

  /** Say something, once what is said now has been there long enough to be read. */
  suggest(text) {
    clearTimeout(this.timer);
    const wait = this.changed + STEADY_MS - performance.now();
    if (wait <= 0) this.#set(text);
    else this.timer = setTimeout(() => this.#set(text), wait);
  }

  /** Say what a second of progress means. */
  progress(event) {
    this.suggest(meaning(event));
  }

  #set(text) {
    if (this.place.textContent === text) return;
    this.place.textContent = text;
    this.changed = performance.now();
  }
}

function meaning({ chunk, window, best }) {
  if (chunk?.face != null && chunk.face < 0.9) return STATUS.noFace;
  if (chunk?.faces === 2) return STATUS.faces;
  if (chunk && (chunk.level_dbfs == null || chunk.level_dbfs < SILENT_DBFS)) return STATUS.silent;
  if (chunk && chunk.level_dbfs < QUIET_DBFS) return STATUS.quiet;
  if (!window) return STATUS.begin;
  if (window.eligible === false) return STATUS.ineligible([...new Set(window.reasons.map((reason) => reason.code))]);
  if (window.eligible == null) return STATUS.notScored;
  return best?.start_s === window.start_s ? STATUS.best(clock(best.start_s)) : STATUS.talk;
}
