// @ts-check
// What went wrong, as a person meets it: a title, what to do, and the way on (a token, a moment's wait, another try).

import { $, put } from './dom.js';
import { link } from './link.js';
import { mended } from './mend.js';
import { access } from './server.js';
import { stepByStep } from './steps.js';
import { say, texts } from './texts.js';

/** @type {Record<string, string>} Names that browsers use for the same thing. */
const SAME = { DevicesNotFoundError: 'NotFoundError', TrackStartError: 'NotReadableError', AbortError: 'NotReadableError', SecurityError: 'NotAllowedError', PermissionDeniedError: 'NotAllowedError' };
/** @type {Record<string, string>} What the server's codes mean to a person with a link. */
const OF_LINKS = { unauthorized: 'link', forbidden: 'link', not_found: 'link', busy: 'link_busy', database_busy: 'unreachable', database_unreachable: 'unreachable' };
const NO_LINK = new Set(['link', 'no_link']);
const NO_RETRY = new Set(['insecure', 'no_webrtc', 'unauthorized', 'gone', 'not_found', ...NO_LINK]);

/** The key of texts.errors for anything thrown. @param {any} error */
export function codeOf(error) {
  if (link.platform && error.code in OF_LINKS) return OF_LINKS[error.code];
  const code = error.code in texts.errors ? error.code : (SAME[error.name] ?? error.name);
  if (code === 'unauthorized' && access.token) return 'wrong_token';
  return code in texts.errors ? code : 'internal';
}

/** Whether there is nothing that the page can do, for want of a link that works. @param {any} error */
export const hasNoLink = (error) => NO_LINK.has(codeOf(error));

export class Problem {
  /** @param {() => void} retry what the button does */
  constructor(retry) {
    this.retry = retry;
    $('retry').addEventListener('click', () => {
      this.clear();
      this.retry();
    });
  }

  clear() {
    clearInterval(this.timer);
    this.code = '';
    $('problem').hidden = true;
    put($('problem-title'), '');
    put($('problem-advice'), '');
  }

  /** @param {any} error a Refusal, a DOMException, or { code } @param {{ retry?: boolean, focus?: boolean }} options */
  show(error, { retry = true, focus = true } = {}) {
    this.clear();
    this.code = codeOf(error);
    const { title, advice } = texts.errors[/** @type {keyof typeof texts.errors} */ (this.code)];
    const asksToken = this.code === 'unauthorized' || this.code === 'wrong_token';
    $('problem').hidden = false;
    put($('problem-title'), title);
    put($('problem-advice'), (stepByStep() && mended(this.code, error)) || advice);
    $('token-form').hidden = !asksToken;
    $('retry').hidden = asksToken || !retry || NO_RETRY.has(this.code);
    this.#count(Math.ceil(error.retryAfter ?? 0));
    if (focus) (asksToken ? $('token') : $('problem')).focus();
  }

  /** Hold the button back as long as the server asks. @param {number} seconds */
  #count(seconds) {
    $('retry').disabled = seconds > 0;
    put($('retry'), seconds > 0 ? say(texts.controls.retry_in, { seconds }) : texts.controls.retry);
    const until = performance.now() + seconds * 1000;
    if (seconds > 0) this.timer = setInterval(() => this.#tick(until), 250);
  }

  /** @param {number} until */
  #tick(until) {
    const left = Math.ceil((until - performance.now()) / 1000);
    $('retry').disabled = left > 0;
    put($('retry'), left > 0 ? say(texts.controls.retry_in, { seconds: left }) : texts.controls.retry);
    if (left <= 0) clearInterval(this.timer);
  }
}
