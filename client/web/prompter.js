// @ts-check
// Sentences to read aloud, on top of the picture and so near the camera: one to say, the next one dimmed.

import { make, put } from './elements.js';
import { Pacer } from './pacer.js';
import { keep, recall } from './store.js';
import { preferred } from './words.js';

/** @typedef {{ id: number, text: string, seconds: number }} Prompt */
/**
 * @typedef {object} Places
 * @property {HTMLElement} group everything
 * @property {HTMLElement} text the sentences
 * @property {HTMLElement} now
 * @property {HTMLElement} after
 * @property {HTMLElement} on the switch
 * @property {HTMLSelectElement} language
 * @property {HTMLElement} next
 * @property {EventTarget} keys where keys are pressed that ask for the next one
 */
/**
 * @typedef {object} About
 * @property {() => string[]} wanted languages, preferred first, after the one chosen last
 * @property {() => void} changed the way of speaking has changed during a recording: on, off, another language
 * @property {(on: boolean) => void} shown whether there are sentences now
 */

const SHOWN = 'take5.prompts';
const LANGUAGE = 'take5.prompts-language';
const EVERY_MS = 100;
/** Timers of a background page sleep: at most this much time passes at once. */
const MOST_S = 0.5;
/** It asks for more sentences when this many or fewer are left. */
const FEW = 2;
/** The keys of a presenter's remote, too. */
const NEXT_KEYS = new Set(['ArrowRight', 'PageDown', ' ']);
const BUSY = 'button, a, input, select, textarea, video';

export class Prompter {
  /** The first one is shown, the second one dimmed. @type {Prompt[]} */
  queue = [];
  /** Numbers of the sentences that were read. @type {number[]} */
  heard = [];
  /** Numbers of those that were shown and not read. @type {number[]} */
  passed = [];
  pacer = new Pacer();
  live = false;
  /** The person is asked to be silent: nothing is to be read. */
  hushed = false;
  /** Length of the windows that the sentences are to fit; null for the server's. @type {number | null} */
  window_s = null;
  /** Counts new beginnings, so that an answer that was overtaken is dropped. */
  turn = 0;
  asking = false;

  /** @param {Places} places @param {import('./connection.js').Server} server @param {About} about */
  constructor(places, server, about) {
    this.places = places;
    this.server = server;
    this.about = about;
    const { on, language, next, text, keys } = places;
    on.addEventListener('click', () => this.#switch());
    language.addEventListener('change', () => this.#choose());
    for (const place of [next, text]) place.addEventListener('click', () => this.#next());
    keys.addEventListener('keydown', (event) => this.#key(/** @type {KeyboardEvent} */ (event)));
  }

  /** Ask the server for its languages; without any there is no prompter. */
  async open() {
    const { group, language: select } = this.places;
    const offered = await this.#answer('api/prompts');
    /** @type {{ language: string, name: string }[]} */
    const languages = offered?.languages ?? [];
    select.replaceChildren(...languages.map(({ language, name }) => make('option', name, { value: language, lang: language })));
    select.value = this.#first(languages.map(({ language }) => language));
    group.hidden = languages.length === 0;
    this.#set(languages.length > 0 && recall(SHOWN) !== 'off');
    await this.#again();
  }

  /** Windows of another length want other sentences. @param {number | null} window_s null for the server's length */
  fit(window_s) {
    if (window_s === this.window_s) return;
    this.window_s = window_s;
    this.#again();
  }

  /** A recording begins: the sentences that raise the score most come first. */
  begin() {
    this.end();
    [this.live, this.hushed] = [true, false];
    this.pacer = new Pacer();
    if (this.heard.length) this.#again();
    else this.#show();
    let last = performance.now();
    this.timer = setInterval(() => {
      const now = performance.now();
      this.#pass(Math.min(MOST_S, (now - last) / 1000));
      last = now;
    }, EVERY_MS);
  }

  /** It is over. */
  end() {
    this.live = false;
    clearInterval(this.timer);
  }

  /** @param {import('./feed.js').Event} event */
  take(event) {
    if (event.type === 'progress') this.pacer.hear(event.chunk?.level_dbfs);
    if (event.type === 'stalled') this.pacer.hear(null);
    if (event.type === 'coach' || event.type === 'hello') this.#hush((event.coach ?? event).code === 'idle');
  }

  /** @param {boolean} hushed */
  #hush(hushed) {
    if (hushed === this.hushed) return;
    this.hushed = hushed;
    this.#show();
  }

  get #on() {
    return !this.hushed && this.places.on.getAttribute('aria-checked') === 'true';
  }

  #switch() {
    const on = this.places.on.getAttribute('aria-checked') !== 'true';
    this.#set(on);
    keep(SHOWN, on ? 'on' : 'off');
    if (this.live) this.about.changed();
  }

  /** @param {boolean} on */
  #set(on) {
    this.places.on.setAttribute('aria-checked', String(on));
    this.about.shown(on);
    this.#show();
  }

  #choose() {
    keep(LANGUAGE, this.places.language.value);
    this.#again();
    if (this.live) this.about.changed();
  }

  /** From the beginning, in the chosen language. */
  async #again() {
    [this.queue, this.heard, this.passed, this.asking] = [[], [], [], false];
    this.turn += 1;
    this.#show();
    await this.#ask();
  }

  /** Ask for what comes after those that are shown. */
  async #ask() {
    const language = this.places.language.value;
    if (this.asking || !language) return;
    this.asking = true;
    const { turn } = this;
    const kept = this.queue.slice(0, FEW).map(({ id }) => id);
    const query = new URLSearchParams({ heard: String([...this.heard, ...kept]), passed: String(this.passed) });
    if (this.window_s !== null) query.set('seconds', String(this.window_s));
    const next = await this.#answer(`api/prompts/${language}?${query}`);
    if (turn !== this.turn) return;
    this.asking = false;
    if (next) this.#add(kept, next.prompts);
  }

  /** @param {number[]} kept @param {Prompt[]} prompts */
  #add(kept, prompts) {
    const waiting = this.queue.length === 0;
    this.queue = [...this.queue.filter(({ id }) => kept.includes(id)), ...prompts];
    if (waiting) this.#show();
    else this.#dim();
  }

  /** @param {number} elapsed_s */
  #pass(elapsed_s) {
    if (this.#on && this.pacer.pass(elapsed_s)) this.#next();
  }

  /** @param {KeyboardEvent} event */
  #key(event) {
    const busy = event.target instanceof Element && event.target.closest(BUSY);
    const held = event.altKey || event.ctrlKey || event.metaKey || event.shiftKey;
    if (!this.live || !this.#on || busy || held || !NEXT_KEYS.has(event.key)) return;
    event.preventDefault();
    this.#next();
  }

  #next() {
    const now = this.queue.shift();
    if (now) (this.pacer.read ? this.heard : this.passed).push(now.id);
    this.#show();
    if (this.queue.length <= FEW) this.#ask();
  }

  #show() {
    const now = this.queue[0];
    this.pacer.show(now?.seconds ?? Infinity);
    this.places.text.lang = this.places.language.value;
    put(this.places.now, this.#on ? (now?.text ?? '') : '');
    this.#dim();
  }

  #dim() {
    put(this.places.after, this.hushed ? '' : (this.queue[1]?.text ?? ''));
  }

  /** What the server answers, null where it does not. @param {string} path */
  #answer = (path) => this.server.request(path).then((answered) => answered.json()).catch(() => null);

  /** The language chosen last, else the first wanted one that there is a list in. @param {string[]} languages */
  #first(languages) {
    return preferred([recall(LANGUAGE), ...this.about.wanted(), ...navigator.languages], languages) ?? languages[0] ?? '';
  }
}
