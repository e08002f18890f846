// @ts-check
// The person's consent: the whole text, the agreement by name, what is said aloud, and the way out, which records nothing.

import { Agreement } from './agreement.js';
import { $, put } from './dom.js';
import { link } from './link.js';
import { access } from './server.js';
import { Spoken } from './spoken.js';
import { stage } from './steps.js';
import { say, texts } from './texts.js';

export class Consent {
  agreement = new Agreement(access, link.name);

  /**
   * @param {() => void} given nothing more is needed
   * @param {(error: any, again?: () => any) => void} failed something could not be sent
   * @param {() => void} fine what went wrong is over
   */
  constructor(given, failed, fine) {
    this.given = given;
    this.failed = failed;
    this.spoken = new Spoken(this.agreement, given, failed, fine);
    for (const id of ['consent-name', 'consent-yes']) $(id).addEventListener('input', () => this.#complete());
    for (const id of ['consent-refuse', 'spoken-refuse']) $(id).addEventListener('click', () => this.#refuse());
    $('refused-back').addEventListener('click', () => this.show());
    $('consent-form').addEventListener('submit', (/** @type {SubmitEvent} */ event) => {
      event.preventDefault();
      this.#agree();
    });
  }

  /** What the person is asked to agree to; null where the session asks for nothing. */
  get asked() {
    return this.agreement.asked;
  }

  /** Whether the person has still to agree, or to say so. */
  get missing() {
    return this.agreement.unread || this.agreement.unsaid;
  }

  /** Ask the server for the text. */
  async load() {
    if (link.asksConsent) await this.agreement.load();
  }

  show() {
    return this.agreement.unread ? this.#ask() : this.spoken.show();
  }

  /** Let go of the camera. */
  close() {
    this.spoken.close();
  }

  #ask() {
    const { text, version, language } = /** @type {import('./agreement.js').Asked} */ (this.asked);
    put($('consent-text'), text);
    $('consent-text').lang = language ?? '';
    put($('consent-version'), version ? say(texts.way.version, { version }) : '');
    this.#complete();
    stage('consent', 'consent-title');
  }

  #refuse() {
    this.close();
    stage('refused', 'refused-title');
  }

  #complete() {
    $('consent-agree').disabled = !$('consent-yes').checked || $('consent-name').value.trim() === '';
  }

  async #agree() {
    $('consent-agree').disabled = true;
    put($('consent-note'), '');
    try {
      await this.agreement.agree($('consent-name').value);
      if (this.missing) await this.show();
      else this.given();
    } catch (error) {
      if (/** @type {any} */ (error).code === 'text_changed') await this.#again().catch(this.failed);
      else this.failed(error, () => this.#agree());
    } finally {
      this.#complete();
    }
  }

  /** The text is another one by now: it is to be read again. */
  async #again() {
    await this.load();
    $('consent-yes').checked = false;
    this.show();
    put($('consent-note'), texts.way.text_changed);
  }
}
