// @ts-check
// A person's way through a platform's session: welcome, consent, devices, recording, review, done.
// What has been done is known from the server, so that a reload or another device goes on where the person is.

import { Consent } from './consent.js';
import { $, put } from './dom.js';
import { link, stateOf } from './link.js';
import { leadThrough, stage } from './steps.js';
import { keep, recall } from './store.js';
import { takesOf } from './takes.js';
import { say, span, texts } from './texts.js';

/** @typedef {import('./server.js').Rules} Rules */

const WELCOMED = 'take5.welcomed';
const AGAIN = 'take5.again';
const GOING_ON = new Set(['connecting', 'receiving', 'stalled', 'stopping']);
const OVER = new Set(['ready', 'failed']);

export class Way {
  /** How many takes the session has. */
  #takes = 0;

  /**
   * @param {object} page
   * @param {() => void} page.arrive the person comes to a step at which nothing is sent or followed
   * @param {() => void} page.devices
   * @param {() => void} page.follow a capture that is going on, or what has become of the last one
   * @param {(error: any, again?: () => any) => void} page.failed
   * @param {() => void} page.fine what went wrong is over
   */
  constructor(page) {
    this.page = page;
    this.consent = new Consent(() => page.devices(), page.failed, page.fine);
    $('welcome-go').addEventListener('click', () => {
      keep(WELCOMED, link.name);
      this.#enter();
    });
  }

  /** Go to where the person is, as the server knows it. */
  async resume() {
    const [state, takes] = await Promise.all([stateOf(), takesOf(), this.consent.load()]);
    this.#takes = takes.length;
    leadThrough(this.consent.asked !== null);
    if (takes.some(({ accepted }) => accepted)) this.done();
    else if (GOING_ON.has(state)) this.page.follow();
    else if (!this.consent.missing && recall(AGAIN) === this.#here) this.page.devices();
    else if (!this.consent.missing && (OVER.has(state) || takes.some(({ clip }) => clip))) this.page.follow();
    else if (recall(WELCOMED) === link.name || this.consent.asked?.consented) this.#enter();
    else this.#welcome();
    $('back-to-takes').hidden = !takes.some(({ clip }) => clip);
  }

  /** The person wants another recording: a reload leads there until there is one. */
  async again() {
    const takes = await takesOf().catch(() => []);
    this.#takes = takes.length;
    keep(AGAIN, this.#here);
    $('back-to-takes').hidden = !takes.some(({ clip }) => clip);
  }

  /** The person wants to see the recordings that there are. */
  back() {
    keep(AGAIN, '');
    return this.resume();
  }

  /** Say how long it takes. @param {Rules} rules of the session */
  tell({ cap_s, idle_s }) {
    put($('welcome-time'), say(texts.way.time, { most: span(cap_s + idle_s) }));
  }

  done() {
    this.page.arrive();
    stage('done', 'done-title');
  }

  get #here() {
    return `${link.name} ${this.#takes}`;
  }

  #welcome() {
    this.page.arrive();
    stage('welcome', 'welcome-title');
  }

  /** What comes after the welcome. */
  #enter() {
    if (!this.consent.missing) return void this.page.devices();
    this.page.arrive();
    return this.consent.show();
  }
}
