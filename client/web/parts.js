// @ts-check
// The parts of the page, what it knows, and how it lets go of everything.

import { mayRest } from './awake.js';
import { Camera } from './camera.js';
import { Chart } from './chart.js';
import { Coach } from './coach.js';
import { $ } from './dom.js';
import { hasNoLink, Problem } from './errors.js';
import { Lengths } from './lengths.js';
import { link, Watch } from './link.js';
import { Narrator } from './narrator.js';
import { Phone } from './phone.js';
import { pagePrompter } from './page_prompter.js';
import { Review } from './review.js';
import { stage } from './steps.js';

/** @typedef {import('./capture.js').Capture} Capture @typedef {import('./server.js').Config} Config */

/**
 * `asked`: the person has asked to stop. `taking`: this page is to record in place of another one.
 * `turn`: counts set-ups, so that an outdated one can tell.
 * `retry`: what the button beside a problem does.
 * @type {{ config: Config | null, capture: Capture | null, external: boolean, asked: boolean, taking: boolean, turn: number, retry: () => any }}
 */
export const page = { config: null, capture: null, external: false, asked: false, taking: false, turn: 0, retry: () => {} };

/** What the parts call when something happens; app.js says what follows from it. */
export const on = {
  /** The person speaks in another way from now on. */
  spoken: () => {},
  /** Another length has been chosen. */
  length: () => {},
  /** A device has gone away. @type {(code: string) => void} */
  gone: () => {},
  /** Another sender's media arrive. */
  arrived: () => {},
  /** The session's rules are known. @type {(rules: import('./server.js').Rules) => void} */
  told: () => {},
  /** What was shown is let go of. */
  left: () => {},
  /** Go on with the session of the page's link, wherever it is. @type {() => any} */
  reopen: () => {},
  /** A take has been accepted, or none is any more. @type {(accepted: string | null) => void} */
  decided: () => {},
  /** The person wants another recording. @type {() => any} */
  again: () => {},
};

export const chart = new Chart($('chart'), $('chart-text'));
export const narrator = new Narrator($('status'));
export const coach = new Coach();
export const prompter = pagePrompter(() => on.spoken());
export const lengths = new Lengths($('length'), $('length-choice'), () => on.length());
export const problem = new Problem(() => page.retry(), () => on.reopen());
export const camera = new Camera((code) => on.gone(code));
export const watch = new Watch(() => on.arrived(), (code) => failed({ code }), (rules) => on.told(rules), (accepted) => on.decided(accepted));
export const review = new Review(() => /** @type {Config} */ (page.config));
export const phone = new Phone(failed);

/** @param {boolean} external */
export function setSender(external) {
  page.external = external;
  document.body.dataset.sender = external ? 'external' : 'camera';
}

/** Let go of the capture and the server; the camera stays. */
export function end() {
  coach.clear();
  prompter.end();
  page.capture?.leave();
  page.capture?.close();
  page.capture = null;
  watch.end();
  on.left();
  mayRest();
}

/** Show nothing else than a problem, where nothing else is of use to a person with a link. @param {any} error */
export function onlyProblem(error) {
  if (!link.platform || !(hasNoLink(error) || page.external)) return false;
  close(error);
  return true;
}

/** @param {any} error */
export function close(error) {
  end();
  camera.close();
  stage('closed');
  problem.show(error);
}

/**
 * Something has failed at a step at which nothing is sent.
 * @param {any} error
 * @param {(() => any) | undefined} again what the button beside it does, and what follows once the network is back
 */
export function failed(error, again = undefined) {
  page.retry = again ?? page.retry;
  if (!onlyProblem(error)) problem.show(error, { back: again });
}
