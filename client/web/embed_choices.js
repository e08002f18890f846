// @ts-check
// What a person chooses in <take5-capture>, for whichever session it shows: camera, microphone, length, sentences to read.

import { Server } from './connection.js';
import * as devices from './devices.js';
import { Lengths } from './lengths.js';
import { Prompter } from './prompter.js';

/** @typedef {import('./embed_run.js').Run} Run @typedef {import('./embed_view.js').View} View */

export class Choices {
  /** The session that the choices are for. @type {Run | null} */
  run = null;

  /** @param {View} view */
  constructor(view) {
    const { parts } = view;
    this.view = view;
    this.lengths = new Lengths(parts.length, parts['length-group'], () => this.#fit());
    const place = (/** @type {string} */ name) => parts[`prompter-${name}`];
    const places = { group: parts.prompter, text: place('text'), now: place('now'), after: place('after'), on: place('on'), language: place('language'), next: place('next'), keys: view.root };
    this.prompter = new Prompter(places, new Server('', null), {
      wanted: () => [this.run?.words.texts.language ?? ''].filter(Boolean),
      changed: () => this.run?.spoken(),
      shown: (on) => { parts.prompter.dataset.on = String(on); },
    });
    for (const name of ['camera', 'microphone']) parts[name].addEventListener('change', () => this.#device());
    parts['length-group'].hidden = parts.prompter.hidden = true;
  }

  /** Offer what the server of a session has. @param {Run} run @param {import('./connection.js').Config} config */
  offer(run, config) {
    this.run = run;
    this.prompter.server = run.server;
    this.lengths.offer(config, run.words);
    this.#fit();
    this.prompter.open();
  }

  /** Every text speaks of the chosen length. */
  #fit() {
    const [window_s] = this.lengths.chosen;
    this.view.length(window_s);
    this.prompter.fit(window_s === this.lengths.byDefault[0] ? null : window_s);
  }

  /** List what can be chosen instead of what is open. @param {MediaStream} stream */
  async list(stream) {
    const { parts, words } = this.view;
    const [video, audio] = [stream.getVideoTracks()[0].getSettings(), stream.getAudioTracks()[0].getSettings()];
    await devices.list(parts.camera, 'videoinput', video.deviceId, words?.texts.controls.camera ?? '');
    await devices.list(parts.microphone, 'audioinput', audio.deviceId, words?.texts.controls.microphone ?? '');
    for (const name of ['camera', 'microphone']) parts[`${name}-group`].hidden = parts[name].options.length < 2;
  }

  #device() {
    const { camera, microphone } = this.view.parts;
    devices.remember('videoinput', camera.value);
    devices.remember('audioinput', microphone.value);
    this.run?.reopen();
  }
}
