// @ts-check
// The person's consent: the whole text, the agreement by name, and the way out, which records nothing.

import { $, put } from './dom.js';
import { link } from './link.js';
import { request } from './server.js';
import { stage } from './steps.js';
import { say, texts } from './texts.js';

/** @typedef {{ text: string, version: string | null, language: string | null, sha256: string, consented: object | null }} Asked */

export class Consent {
  /** What the person is asked to agree to; null where the session asks for nothing. @type {Asked | null} */
  asked = null;

  /** @param {() => void} agreed @param {(error: any) => void} failed the agreement could not be sent */
  constructor(agreed, failed) {
    this.agreed = agreed;
    this.failed = failed;
    for (const id of ['consent-name', 'consent-yes']) $(id).addEventListener('input', () => this.#complete());
    $('consent-refuse').addEventListener('click', () => stage('refused', 'refused-title'));
    $('refused-back').addEventListener('click', () => this.show());
    $('consent-form').addEventListener('submit', (/** @type {SubmitEvent} */ event) => {
      event.preventDefault();
      this.#agree();
    });
  }

  /** Whether the person has still to agree. */
  get missing() {
    return this.asked !== null && this.asked.consented === null;
  }

  /** Ask the server for the text. */
  async load() {
    try {
      this.asked = await (await request(`api/sessions/${link.name}/consent`)).json();
    } catch (error) {
      if (/** @type {import('./server.js').Refusal} */ (error).code !== 'not_found') throw error;
      this.asked = null;
    }
  }

  show() {
    const { text, version, language } = /** @type {Asked} */ (this.asked);
    put($('consent-text'), text);
    $('consent-text').lang = language ?? '';
    put($('consent-version'), version ? say(texts.way.version, { version }) : '');
    this.#complete();
    stage('consent', 'consent-title');
  }

  #complete() {
    $('consent-agree').disabled = !$('consent-yes').checked || $('consent-name').value.trim() === '';
  }

  async #agree() {
    $('consent-agree').disabled = true;
    put($('consent-note'), '');
    const body = JSON.stringify({ name: $('consent-name').value, sha256: this.asked?.sha256 });
    try {
      const answer = await request(`api/sessions/${link.name}/consent`, { method: 'POST', headers: { 'Content-Type': 'application/json' }, body });
      this.asked = await answer.json();
      this.agreed();
    } catch (error) {
      if (/** @type {any} */ (error).code === 'text_changed') await this.#again().catch(this.failed);
      else this.failed(error);
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
