// @ts-check
// The person's consent in <take5-capture>: the text, the answer by name, and the way out, which records nothing.

import { Agreement } from './agreement.js';
import { Refusal } from './connection.js';

/** @typedef {import('./embed_run.js').Run} Run */

export class ConsentStep {
  /** @param {Run} run */
  constructor(run) {
    this.run = run;
    this.agreement = new Agreement(run.server, run.name);
  }

  /** Whether the person has still to agree, or to say so. */
  get missing() {
    return this.agreement.unread || this.agreement.unsaid;
  }

  /** Ask for what is missing; true if nothing is. */
  async passed() {
    await this.agreement.load();
    if (this.run.over) return false;
    if (this.agreement.unread) return this.show();
    return this.#said();
  }

  /** What is to be said aloud is recorded on take5's own page. */
  #said() {
    if (this.agreement.unsaid) throw new Refusal('spoken_consent');
    return true;
  }

  /** Show the text. @returns {false} */
  show() {
    const { view } = this.run;
    view.ask(/** @type {import('./agreement.js').Asked} */ (this.agreement.asked));
    this.run.enter('consent');
    return false;
  }

  refuse() {
    const { run } = this;
    if (run.state !== 'consent') return;
    const { page, embed } = run.words.texts;
    run.view.outcome(page.refused_title, embed.refused);
    run.enter('refused');
    run.host.tell('refused', {});
  }

  back() {
    if (this.run.state === 'refused') this.show();
  }

  /** Agree; true once nothing is missing. */
  async agree() {
    const { run } = this;
    const { agree, name, yes } = run.view.parts;
    if (run.state !== 'consent' || agree.disabled) return false;
    agree.disabled = true;
    run.view.clearProblem();
    try {
      await this.agreement.agree(name.value);
      if (run.over) return false;
      run.host.tell('consented', /** @type {object} */ (this.agreement.asked?.consented));
      return this.#said();
    } catch (error) {
      if (run.over) return false;
      if (/** @type {any} */ (error).code !== 'text_changed') throw error;
      yes.checked = false;
      await this.agreement.load();
      this.show();
      run.view.say(run.words.texts.way.text_changed);
      return false;
    } finally {
      if (run.state === 'consent') agree.disabled = !yes.checked;
    }
  }
}
