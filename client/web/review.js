// @ts-check
// The result and the decision on it: "Use this" or another recording; earlier takes stay playable until one is used.

import { $, make } from './dom.js';
import { stepByStep } from './steps.js';
import * as result from './result.js';
import { sameClip, shownOf, takesOf } from './takes.js';
import { say, texts } from './texts.js';

/** @typedef {import('./takes.js').Shown} Shown @typedef {import('./takes.js').Take} Take */

export class Review {
  /** What is shown. @type {Shown | null} */
  #shown = null;
  /** Its take, once it is known which one it is. @type {Take | undefined} */
  #take;

  /** @param {() => import('./server.js').Config} config */
  constructor(config) {
    this.config = config;
  }

  /** Show what has come of a capture. @param {import('./capture.js').Capture} capture @param {() => void} show */
  begin(capture, show) {
    this.#shown = capture;
    this.#take = undefined;
    $('takes').hidden = true;
    show();
    if (stepByStep()) this.#list(capture).catch(() => {}); // what is shown can be decided on without the others
  }

  /** Whether what is shown is of a capture. @param {import('./capture.js').Capture} capture */
  shows(capture) {
    return this.#shown === capture;
  }

  /** "Use this", of what is shown. */
  async use() {
    await result.accept(/** @type {Shown} */ (this.#shown), this.#take?.id);
  }

  /** Offer the takes that have a clip. @param {import('./capture.js').Capture} capture */
  async #list(capture) {
    const takes = (await takesOf()).filter(({ clip }) => clip);
    if (this.#shown !== capture) return;
    this.#take = takes.findLast(({ clip }) => sameClip(clip, capture.session.clip));
    $('takes').hidden = takes.length < (this.#take ? 2 : 1);
    const buttons = takes.map((take, index) => {
      const text = say(texts.way.take, { number: index + 1, time: clockOf(take.started) });
      const button = make('button', text, { type: 'button', 'aria-pressed': String(take === this.#take) });
      button.addEventListener('click', () => this.#choose(take, take === own ? capture : shownOf(take, this.config()), buttons, index));
      return button;
    });
    const own = this.#take;
    $('takes').replaceChildren(...buttons);
    if (capture.goesOn && takes.length) buttons[takes.indexOf(bestOf(takes))].click();
  }

  /** @param {Take} take @param {Shown} shown @param {HTMLElement[]} buttons @param {number} index */
  #choose(take, shown, buttons, index) {
    [this.#take, this.#shown] = [take, shown];
    buttons.forEach((button, each) => button.setAttribute('aria-pressed', String(each === index)));
    result.showClip(shown);
  }
}

/** The take with the best clip. @param {Take[]} takes with clips */
const bestOf = (takes) => takes.reduce((best, take) => (take.clip?.best.I > best.clip?.best.I ? take : best));

/** The time of day, as the person writes it. @param {string} time */
const clockOf = (time) => new Date(time).toLocaleTimeString(texts.language, { hour: '2-digit', minute: '2-digit' });
