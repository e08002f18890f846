// @ts-check
// What is happening, in words: the most urgent thing, no faster than a person can read.

import { put } from './dom.js';
import { clock, duration, ofCode, reasons, say, sentences, stopped, texts } from './texts.js';

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
export function meaning(session, external) {
  const { states, stalled, status } = texts;
  const ending = session.checked?.complete === false ? say(status.checking, session.checked) : states.stopping;
  if (session.stopped) return sentences(stopped(/** @type {any} */ (session.stopped), external), ending);
  if (session.state === 'stopping') return ending;
  if (!session.begun) return external ? states.waiting : states.connecting;
  if (session.state === 'connecting') return states.connecting;
  if (session.stalled) return ofCode(stalled, session.stalled.cause ?? session.stalled.track) || stalled.both;
  return session.idling ? say(status.idle, { window: duration(session.window_s) }) : judged(session);
}

/** @param {Session} session */
function judged({ latest, best, window_s, checked }) {
  const { status } = texts;
  if (!latest) return say(status.begin, { window: duration(window_s) });
  if (latest.eligible === false) return say(status.ineligible, { reasons: reasons(latest.reasons.map(({ code }) => code)) });
  if (latest.I == null) return checked ? say(status.checked, checked) : status.not_scored;
  return best && best.start_s === latest.start_s ? say(status.best, { time: clock(best.start_s) }) : status.talk;
}
