// @ts-check
// What went wrong, as a person meets it: a title, what to do, and the way on (a token, a moment's wait, another try).

import { keyOf, OF_LINKS } from './codes.js';
import { $, put } from './dom.js';
import { hold } from './holding.js';
import { link } from './link.js';
import { mended } from './mend.js';
import { access, request } from './server.js';
import { stepByStep } from './steps.js';
import { texts } from './texts.js';

const NO_LINK = new Set(['link', 'no_link']);
const NO_RETRY = new Set(['insecure', 'no_webrtc', 'unauthorized', 'gone', 'not_found', ...NO_LINK]);

/** The key of texts.errors for anything thrown. @param {any} error */
export function codeOf(error) {
  const code = keyOf(texts, error, link.platform ? OF_LINKS : {});
  if (code === 'unauthorized' && access.token) return 'wrong_token';
  return code;
}

/** Whether there is nothing that the page can do, for want of a link that works. @param {any} error */
export const hasNoLink = (error) => NO_LINK.has(codeOf(error));

const LOOK_EVERY_MS = 2000;
const LOOK_MS = 4000;

export class Problem {
  /** Counts what has been shown. */
  #turn = 0;

  /** @param {() => void} retry what the button does @param {() => void} back the network is back */
  constructor(retry, back = retry) {
    this.retry = retry;
    this.back = back;
    this.release = () => {};
    $('retry').addEventListener('click', () => {
      this.clear();
      this.retry();
    });
  }

  clear() {
    this.release();
    this.#turn += 1;
    this.code = '';
    $('problem').hidden = true;
    put($('problem-title'), '');
    put($('problem-advice'), '');
  }

  /** Go on by itself as soon as the server answers. @param {number} turn @param {() => any} back */
  async #lookForNetwork(turn, back) {
    let answers = false;
    while (!answers && turn === this.#turn) {
      await new Promise((resolve) => setTimeout(resolve, LOOK_EVERY_MS));
      answers = await request('api/config', { signal: AbortSignal.timeout(LOOK_MS) }).then(() => true, () => false);
    }
    if (turn !== this.#turn) return;
    this.clear();
    back();
  }

  /**
   * @param {any} error a Refusal, a DOMException, or { code }
   * @param {{ retry?: boolean, focus?: boolean, back?: () => any }} options `back`: what follows once the network is back
   */
  show(error, { retry = true, focus = true, back = this.back } = {}) {
    this.clear();
    this.code = codeOf(error);
    const { title, advice } = texts.errors[/** @type {keyof typeof texts.errors} */ (this.code)];
    const asksToken = this.code === 'unauthorized' || this.code === 'wrong_token';
    $('problem').hidden = false;
    put($('problem-title'), title);
    put($('problem-advice'), (stepByStep() && mended(this.code, error)) || advice);
    $('token-form').hidden = !asksToken;
    $('retry').hidden = asksToken || !retry || NO_RETRY.has(this.code);
    this.release = hold($('retry'), texts, Math.ceil(error.retryAfter ?? 0));
    if (this.code === 'offline') this.#lookForNetwork(this.#turn, back);
    if (focus) (asksToken ? $('token') : $('problem')).focus();
  }
}
