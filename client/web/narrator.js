// @ts-check
// What is happening, in words: the most urgent thing, and no more often than a person can read.

import { put } from './dom.js';
import { clock, say, texts } from './texts.js';

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

/** What a session's state means for who talks. @param {Session} session @param {boolean} external somebody else sends */
export function meaning(session, external) {
  const { status, stopped } = texts;
  if (session.stopped) return status.stoppingBecause(say(stopped[/** @type {keyof typeof stopped} */ (session.stopped.rule)]));
  if (session.state === 'stopping') return status.stopping;
  if (!session.begun) return external ? status.waiting : status.connecting;
  if (session.state === 'connecting') return status.connecting;
  if (session.stalled) return status.stalled[/** @type {keyof typeof status.stalled} */ (session.stalled.track)] ?? status.stalled.both;
  return session.idling ? status.idle : judged(session);
}

/** @param {Session} session */
function judged({ latest, best, window_s }) {
  const { status } = texts;
  if (!latest) return status.begin({ window_s });
  if (latest.eligible === false) return status.ineligible([...new Set(latest.reasons.map((reason) => reason.code))]);
  if (latest.I == null) return status.notScored;
  return best && best.start_s === latest.start_s ? status.best(clock(best.start_s)) : status.talk;
}
