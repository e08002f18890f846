// @ts-check
// Consent that is said aloud: the sentence, the camera, a short recording, which the person watches before it is sent.

import * as devices from './devices.js';
import { $, put } from './dom.js';
import { LevelMeter, listen } from './loudness.js';
import { LEAST_S, Recorder } from './recorder.js';
import { stage } from './steps.js';
import { say, texts } from './texts.js';

/** A small picture is enough to see who speaks. */
const SHORTER = 480;
const SAID_EVERY_S = 5;

/** @typedef {'opening' | 'ready' | 'recording' | 'review' | 'sending'} Doing */

export class Spoken {
  /** @type {MediaStream | null} */
  #stream = null;
  /** @type {Recorder | null} */
  #recorder = null;
  /** @type {Blob | null} */
  #recording = null;
  /** Counts openings and ends, so that an outdated one can tell. */
  #turn = 0;
  #endLevel = () => {};

  /**
   * @param {import('./agreement.js').Agreement} agreement
   * @param {() => void} given the recording has been sent
   * @param {(error: any, again: () => any) => void} failed with what to try again
   * @param {() => void} fine what went wrong is over
   */
  constructor(agreement, given, failed, fine) {
    this.agreement = agreement;
    this.given = given;
    this.failed = failed;
    this.fine = fine;
    this.meter = new LevelMeter($('spoken-level'), $('spoken-level-word'));
    $('spoken-record').addEventListener('click', () => this.#record());
    $('spoken-stop').addEventListener('click', () => this.#recorder?.stop());
    $('spoken-again').addEventListener('click', () => this.open());
    $('spoken-send').addEventListener('click', () => this.#send());
    $('spoken-view').addEventListener('loadedmetadata', () => this.#measure());
    addEventListener('pagehide', () => this.close());
  }

  /** The sentence in the page's language, where the server has it. */
  get #language() {
    return texts.language in (this.agreement.asked?.sentences ?? {}) ? texts.language : 'en';
  }

  show() {
    put($('spoken-sentence'), this.agreement.asked?.sentences?.[this.#language] ?? '');
    $('spoken-sentence').lang = this.#language;
    stage('spoken', 'spoken-title');
    return this.open();
  }

  /** Open the camera, to record; what has been recorded is dropped. */
  async open() {
    this.close();
    this.fine();
    const turn = this.#turn;
    this.#enter('opening');
    try {
      const stream = await devices.open(SHORTER);
      if (turn !== this.#turn) return void devices.close(stream);
      this.#opened(stream);
      this.#enter('ready');
      $('spoken-record').focus({ preventScroll: true });
    } catch (error) {
      if (turn === this.#turn) this.failed(error, () => this.show());
    }
    return undefined;
  }

  /** @param {MediaStream} stream */
  #opened(stream) {
    this.#stream = stream;
    for (const track of stream.getTracks()) track.addEventListener('ended', () => this.#stream === stream && this.#gone());
    const view = $('spoken-view');
    view.srcObject = stream;
    view.play().catch(() => {});
    this.#endLevel = listen(stream, (...heard) => this.meter.draw(texts, ...heard));
  }

  #gone() {
    this.close();
    this.failed({ code: 'unplugged' }, () => this.show());
  }

  async #record() {
    const turn = this.#turn;
    try {
      this.#recorder = new Recorder(/** @type {MediaStream} */ (this.#stream), (seconds) => this.#left(seconds));
      const recorded = this.#recorder.record();
      this.#enter('recording');
      $('spoken-stop').focus({ preventScroll: true });
      const { recording, seconds } = await recorded;
      if (turn === this.#turn) this.#recorded(recording, seconds);
    } catch (error) {
      if (turn !== this.#turn) return;
      this.close();
      this.failed(error, () => this.show());
    }
  }

  /** Not so often that it could not be read out. @param {number} seconds */
  #left(seconds) {
    if (seconds % SAID_EVERY_S === 0) put($('spoken-status'), say(texts.way.spoken_recording, { seconds }));
  }

  /** Browsers write no length into a recording: it is known once they have looked for its end. */
  #measure() {
    const view = $('spoken-view');
    if (view.srcObject || view.duration !== Infinity) return;
    view.addEventListener('seeked', () => { view.currentTime = 0; }, { once: true });
    view.currentTime = Number.MAX_SAFE_INTEGER;
  }

  /** @param {Blob} recording @param {number} seconds */
  #recorded(recording, seconds) {
    this.#recorder = null;
    if (seconds < LEAST_S) {
      this.#enter('ready');
      return put($('spoken-status'), texts.way.spoken_short);
    }
    this.#letGo();
    this.#recording = recording;
    this.#enter('review');
    const view = $('spoken-view');
    view.src = URL.createObjectURL(recording);
    view.muted = false;
    return $('spoken-send').focus({ preventScroll: true });
  }

  async #send() {
    const turn = this.#turn;
    this.fine();
    this.#enter('sending');
    try {
      await this.agreement.send(/** @type {Blob} */ (this.#recording), this.#language);
      this.close();
      this.given();
    } catch (error) {
      if (turn === this.#turn) await this.#refused(error);
    }
  }

  /** What is to be recorded again cannot be sent; what was not sent can. @param {any} error */
  async #refused(error) {
    this.#enter('review');
    if (error.code === 'consent_given') await this.agreement.load().catch(() => {}); // by another device
    if (!this.agreement.unsaid) {
      this.close();
      return this.given();
    }
    return this.failed(error, () => (error.code.startsWith('recording_') ? this.show() : this.#send()));
  }

  /** @param {Doing} doing */
  #enter(doing) {
    $('spoken').dataset.doing = doing;
    $('spoken-view').controls = doing === 'review' || doing === 'sending';
    for (const id of ['spoken-send', 'spoken-again']) $(id).disabled = doing === 'sending';
    /** @type {Record<Doing, string>} */
    const said = { opening: texts.status.opening, ready: texts.way.spoken_ready, recording: '', review: texts.way.spoken_review, sending: texts.way.spoken_sending };
    if (said[doing]) put($('spoken-status'), said[doing]);
  }

  /** Let go of camera, microphone and recording. */
  close() {
    this.#turn += 1;
    this.#recorder?.stop();
    this.#recorder = this.#recording = null;
    this.#letGo();
  }

  #letGo() {
    this.#endLevel();
    this.#endLevel = () => {};
    devices.close(this.#stream);
    this.#stream = null;
    const view = $('spoken-view');
    if (view.src) URL.revokeObjectURL(view.src);
    view.srcObject = null;
    view.removeAttribute('src');
    view.muted = true;
  }
}
