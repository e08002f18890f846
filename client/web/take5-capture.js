// @ts-check
// <take5-capture>: a recording on a page of another website. docs/embedding.md describes it.

import { Choices } from './embed_choices.js';
import { Run } from './embed_run.js';
import { View } from './embed_view.js';

/** @typedef {import('./embed_view.js').State} State */

/** Where this module is: take5's server serves it itself; a bundle is told its server. */
const HERE = (() => {
  try {
    return new URL('./', import.meta.url).href;
  } catch {
    return '';
  }
})();

/** Attributes and properties of which a change begins again. */
const OBSERVED = ['server', 'session', 'token', 'lang'];

/** A program without elements, which prepares pages, may import this, too. */
const Base = globalThis.HTMLElement ?? /** @type {typeof HTMLElement} */ (class {});

export class Take5Capture extends Base {
  static observedAttributes = OBSERVED;

  /** @type {Run | null} */
  #run = null;
  #token = '';
  #pending = false;

  constructor() {
    super();
    const root = this.attachShadow({ mode: 'open' });
    this.#view = new View(root, {
      open: () => this.open(),
      start: () => this.start(),
      stop: () => this.stop(),
      use: () => this.accept(),
      again: () => this.open(),
      agree: () => this.#act((run) => run.agree()),
      refuse: () => this.#act(async (run) => run.consent?.refuse()),
      back: () => this.#act(async (run) => run.consent?.back()),
    });
    this.#choices = new Choices(this.#view);
  }

  /** @type {View} */
  #view;
  /** @type {Choices} */
  #choices;

  /** The server's address. */
  get server() {
    return this.getAttribute('server') ?? HERE;
  }

  set server(address) {
    this.setAttribute('server', address);
  }

  /** The session; empty for a new one, where the server has no platform. */
  get session() {
    return this.getAttribute('session') ?? '';
  }

  set session(name) {
    this.setAttribute('session', name);
  }

  /** The person's secret. Set as a property it is in no attribute. */
  get token() {
    return this.#token || (this.getAttribute('token') ?? '');
  }

  set token(secret) {
    this.#token = secret ?? '';
    this.#restart();
  }

  /** Open the camera and record at once. */
  get autostart() {
    return this.hasAttribute('autostart');
  }

  set autostart(wanted) {
    this.toggleAttribute('autostart', Boolean(wanted));
  }

  /** @returns {State} */
  get state() {
    return this.#run?.state ?? 'loading';
  }

  connectedCallback() {
    for (const name of [...OBSERVED, 'autostart']) this.#upgrade(name);
    addEventListener('pagehide', this.#hidden);
    addEventListener('pageshow', this.#shown);
    this.#restart();
  }

  disconnectedCallback() {
    removeEventListener('pagehide', this.#hidden);
    removeEventListener('pageshow', this.#shown);
    this.#end();
  }

  /** @param {string} _name @param {string | null} before @param {string | null} now */
  attributeChangedCallback(_name, before, now) {
    if (before !== now) this.#restart();
  }

  /** Open the camera, to set up. What goes wrong is an `error` event. */
  open() {
    return this.#act((run) => run.open());
  }

  /** Record. The camera is opened first, if it is not open. */
  start() {
    return this.#act((run) => run.start());
  }

  /** End the recording with the best so far. */
  stop() {
    return this.#act((run) => run.stop());
  }

  /** Use the clip. */
  accept() {
    return this.#act((run) => run.accept());
  }

  /** Do something once the server has said what there is. @param {(run: Run) => Promise<unknown>} action */
  async #act(action) {
    await null; // what has changed is taken up first
    const run = this.#run;
    await run?.begun;
    if (run && run === this.#run) await action(run);
  }

  /** What was set before the element was defined. @param {string} name */
  #upgrade(name) {
    if (!Object.hasOwn(this, name)) return;
    const own = /** @type {any} */ (this);
    const value = own[name];
    delete own[name];
    own[name] = value;
  }

  #hidden = () => this.#end();

  #shown = (/** @type {PageTransitionEvent} */ { persisted }) => persisted && this.#restart();

  /** Begin again with what is wished for now; several changes at once are one. */
  #restart() {
    if (this.#pending || !this.isConnected) return;
    this.#pending = true;
    queueMicrotask(() => {
      this.#pending = false;
      if (this.isConnected) this.#begin();
    });
  }

  #begin() {
    this.#end();
    const { session, token, lang, autostart } = this;
    const server = new URL(this.server.replace(/\/*$/, '/'), document.baseURI).href;
    const run = new Run({ server, session, token, lang, autostart }, this.#view, this.#choices, {
      state: (state) => run === this.#run && this.setAttribute('state', state),
      tell: (type, detail) => run === this.#run && this.dispatchEvent(new CustomEvent(type, { detail, bubbles: true, composed: true })),
    });
    this.#run = run;
    run.begun = run.begin();
  }

  #end() {
    this.#run?.close();
    this.#run = null;
  }
}

if (globalThis.customElements && !customElements.get('take5-capture')) customElements.define('take5-capture', Take5Capture);
