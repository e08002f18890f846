// @ts-check
// A person's way through <take5-capture>: from the server's answer over the camera and the recording to a clip that is used.

import { Awake } from './awake.js';
import { Capture } from './capture.js';
import { keyOf, OF_EMBEDS } from './codes.js';
import { newName, Refusal, Server } from './connection.js';
import * as devices from './devices.js';
import { ConsentStep } from './embed_consent.js';
import { noWords, wordsIn } from './embed_words.js';
import { progress } from './meaning.js';
import { Player } from './player.js';
import { clock, say } from './words.js';

/** @typedef {import('./connection.js').Config} Config @typedef {import('./feed.js').Event} Event @typedef {import('./embed_view.js').State} State */
/**
 * @typedef {import('./embed_choices.js').Choices} Choices
 * @typedef {{ server: string, session: string, token: string, lang: string, autostart: boolean }} Wishes
 * @typedef {object} Host
 * @property {(state: State) => void} state the state has changed
 * @property {(type: string, detail: object) => void} tell something has happened
 */

/** States in which the camera may be opened. @type {Set<State>} */
const CLOSED = new Set(['idle', 'review', 'failed', 'error']);
/** Events of the server that the page is told as they are; `clip` is told when it is shown. */
const TOLD = new Set(['best', 'stopped']);
/** What trying again does not change. */
const NO_RETRY = new Set(['insecure', 'no_webrtc', 'accepted', 'foreign', 'embed_access']);

export class Run {
  /** @type {State} */
  state = 'loading';
  /** @type {Config | null} */
  config = null;
  /** @type {Capture | null} */
  capture = null;
  /** @type {MediaStream | null} */
  stream = null;
  words = noWords;
  over = false;
  /** The server has said what there is. @type {Promise<void> | null} */
  begun = null;
  /** The person, or the page, has asked to stop. */
  asked = false;
  awake = new Awake();
  /** What this person may do. */
  may = new Set(['send', 'decide']);
  /** What the person has to agree to first. @type {ConsentStep | null} */
  consent = null;

  /** @param {Wishes} wishes @param {import('./embed_view.js').View} view @param {Choices} choices @param {Host} host */
  constructor(wishes, view, choices, host) {
    this.wishes = wishes;
    this.view = view;
    this.choices = choices;
    this.host = host;
    this.server = new Server(wishes.server, wishes.token || null);
    this.name = wishes.session || newName();
    this.player = new Player(view.parts.clip, this.server, (error) => this.over || this.trouble(error, null));
    view.parts.clip.onerror = () => this.player.failed();
  }

  /** Ask the server what there is, and go on where the session is. */
  async begin() {
    this.enter('loading');
    try {
      await this.#learn();
      if (this.over || (this.consent && !(await this.consent.passed()))) return;
      await this.#resume();
    } catch (error) {
      if (!this.over) this.#fail(error, () => this.begin());
    }
  }

  /** Go on where the session is. */
  async #resume() {
    const found = this.wishes.session !== '' && (await this.#begun());
    if (this.over) return;
    if (found || !this.may.has('send')) this.#follow(false);
    else if (this.wishes.autostart) this.start();
    else this.enter('idle');
  }

  /** Agree to the session's text, and go on. */
  async agree() {
    try {
      if (!(await this.consent?.agree())) return;
      this.enter('loading');
      await this.#resume();
    } catch (error) {
      if (this.over) return;
      if (/** @type {Refusal} */ (error).code === 'spoken_consent' || this.state !== 'consent') this.#fail(error, () => this.begin());
      else this.trouble(error, () => this.agree());
    }
  }

  async #learn() {
    const config = await this.server.config().catch((/** @type {Refusal} */ error) => error);
    const known = config instanceof Refusal ? null : config;
    const named = Boolean(known?.platform && this.wishes.token && this.wishes.session);
    const about = named ? await this.#access().catch((/** @type {Refusal} */ error) => error) : null;
    const language = about instanceof Refusal ? '' : about?.language;
    await this.speak(known?.languages, language ?? '', known?.window_s);
    if (config instanceof Refusal) throw config.code === 'unreachable' && this.words !== noWords ? new Refusal('foreign') : config;
    if (about instanceof Refusal) throw about;
    if (config.platform && !named) throw new Refusal('no_link');
    if (config.token_required && !this.wishes.token) throw new Refusal('unauthorized');
    const asks = about?.closed === 'consent_missing';
    if (asks && !about.may.includes('decide')) throw new Refusal(about.closed);
    this.consent = asks ? new ConsentStep(this) : null;
    this.config = config;
    this.choices.offer(this, config);
    if (about) this.#allow(about.may.filter((/** @type {string} */ act) => act !== 'send' || about.closed !== 'accepted'));
  }

  /** The words of this person's language. @param {string[] | undefined} languages @param {string} language of the session @param {number} window_s */
  async speak(languages, language, window_s = 5) {
    this.words = await wordsIn(this.server, [this.wishes.lang, language], languages).catch(() => noWords);
    if (!this.over) this.view.speak(this.words, window_s);
  }

  #access = async () => (await this.server.request(`api/sessions/${this.name}/access`)).json();

  /** @param {string[]} may */
  #allow(may) {
    this.may = new Set(may);
    this.view.without = new Set([...(this.may.has('send') ? [] : ['again']), ...(this.may.has('decide') ? [] : ['use'])]);
  }

  /** Whether the session has, or had, a sender. */
  async #begun() {
    try {
      return (await (await this.server.request(`api/sessions/${this.name}`)).json()).state !== 'waiting';
    } catch (error) {
      if (/** @type {Refusal} */ (error).code !== 'not_found') throw error;
      return false;
    }
  }

  /** Open the camera; false if it is not open then. */
  async open() {
    if (!this.config || !this.may.has('send') || this.consent?.missing || !(CLOSED.has(this.state) || this.state === 'loading')) return false;
    this.#letGo();
    this.enter('opening');
    try {
      const stream = await devices.open(this.config.picture);
      if (this.over || this.state !== 'opening') {
        devices.close(stream);
        return false;
      }
      this.#opened(stream);
      return true;
    } catch (error) {
      if (!this.over) this.#fail(error, () => this.open());
      return false;
    }
  }

  /** @param {MediaStream} stream */
  #opened(stream) {
    this.stream = stream;
    for (const track of stream.getTracks()) track.addEventListener('ended', () => this.stream === stream && this.#unplugged());
    this.view.preview(stream);
    this.choices.list(stream).catch(() => {}); // what is open can be used
    this.enter('ready');
    const { width, height, frameRate } = stream.getVideoTracks()[0].getSettings();
    this.host.tell('ready', { width, height, frame_rate: frameRate });
  }

  /** Other devices have been chosen: open those. */
  reopen() {
    if (this.state !== 'ready') return undefined;
    this.state = 'idle';
    return this.open();
  }

  /** The person begins to read, or to talk freely: earlier windows do not predict later ones. */
  spoken() {
    if (this.capture && this.may.has('decide')) this.server.request(`api/sessions/${this.name}/prompted`, { method: 'POST' }).catch(() => {}); // it may be over
  }

  /** Record, with the camera as it is open, or after opening it. */
  async start() {
    if (this.state !== 'ready' && !(await this.open())) return;
    const capture = this.#follow(true);
    this.enter('recording');
    this.choices.prompter.begin();
    this.view.tell(capture.session);
    this.awake.stay(() => capture === this.capture);
    try {
      await capture.send(/** @type {MediaStream} */ (this.stream), this.choices.lengths.query);
    } catch (error) {
      if (capture === this.capture) this.#fail(error, () => this.start());
    }
  }

  /** End the recording, with the best so far; before one, close the camera. */
  async stop() {
    if (this.state === 'ready' || (this.state === 'recording' && !this.capture?.answered)) {
      this.#letGo();
      return void this.enter('idle');
    }
    if (this.state !== 'recording' || this.asked) return;
    this.asked = true;
    this.enter('stopping');
    this.view.say(this.words.texts.states.stopping);
    const { capture } = this;
    await capture?.stop().catch((error) => capture === this.capture && this.#fail(error, () => this.begin()));
  }

  /** Use the clip. */
  async accept() {
    if (this.state !== 'review') return;
    const { use } = this.view.parts;
    use.disabled = true;
    try {
      const answer = await this.server.request(`api/sessions/${this.name}/accept`, { method: 'POST' });
      const clip = await answer.json();
      if (this.over) return;
      this.enter('accepted');
      this.host.tell('accepted', clip);
    } catch (error) {
      if (!this.over) this.trouble(error, () => this.accept());
    } finally {
      use.disabled = false;
    }
  }

  /** The page is going away, or will be shown something else: the capture ends with what it has. */
  close() {
    this.over = true;
    this.#letGo();
    this.view.parts.clip.onerror = null;
    this.view.clearProblem();
  }

  /** Let go of the capture, the camera, and the clip. */
  #letGo() {
    this.capture?.leave();
    this.capture?.close();
    this.capture = null;
    this.asked = false;
    this.#closeCamera();
    if (this.view.parts.clip.getAttribute('src')) this.player.unload();
  }

  #closeCamera() {
    const { stream } = this;
    this.choices.prompter.end();
    this.stream = null;
    this.view.preview(null);
    devices.close(stream);
    this.awake.rest();
  }

  /** The camera has gone: keep what there is. */
  #unplugged() {
    if (this.state === 'ready') return this.#fail({ code: 'unplugged' }, () => this.open());
    if (this.capture) this.capture.cut = true;
    return this.stop();
  }

  /** @param {State} state */
  enter(state) {
    this.state = state;
    this.view.enter(state);
    this.host.state(state);
  }

  /** Follow the session. @param {boolean} next a capture of this page, not what there was before */
  #follow(next) {
    const mine = (/** @type {(...given: any[]) => void} */ then) => (/** @type {any[]} */ ...given) => capture === this.capture && then(...given);
    const [window_s] = this.choices.lengths.chosen;
    /** @type {Capture} */
    const capture = new Capture(this.name, { .../** @type {Config} */ (this.config), window_s }, {
      event: mine((event) => this.#took(capture, event)),
      failed: mine((code) => this.#fail({ code }, () => (next ? this.start() : this.begin()))),
      server: mine((kind) => this.#connection(kind)),
      media: mine((kind) => kind === 'steady' || this.view.say(kind === 'shaky' ? this.words.texts.status.shaky : this.words.texts.status.connection_lost)),
      sent: () => {},
    }, next, this.server);
    this.capture = capture;
    return capture;
  }

  /** @param {'reconnecting' | 'gone' | 'back'} kind */
  #connection(kind) {
    if (kind === 'reconnecting') this.view.say(this.words.texts.status.reconnecting);
    else if (kind === 'back') this.view.clearProblem();
    else if (this.asked) this.#fail({ code: 'unreachable' }, () => this.begin());
    else if (this.view.parts.problem.hidden) this.trouble({ code: 'gone' }, null);
  }

  /** @param {Capture} capture @param {Event} event */
  #took(capture, event) {
    const { session } = capture;
    this.choices.prompter.take(event);
    if (TOLD.has(event.type)) this.host.tell(event.type, event);
    if (event.type === 'clip' && session.clip !== event) return this.host.tell('clip', event); // of another length
    if (session.error) return this.#ended(capture, session.error);
    if (session.clip) return CLOSED.has(this.state) || this.state === 'accepted' ? undefined : this.#review(capture, session.clip);
    if (!capture.whip && this.state !== 'recording') return this.enter('following');
    if (event.type === 'progress') this.#progress(session, event);
    if (event.type === 'coach') this.view.advise(event);
    if (event.type === 'stopped' || event.type === 'stalled') this.view.advise({});
    if (session.stopped && this.state === 'recording') this.enter('stopping');
    if (!this.asked || session.stopped) this.view.tell(session);
    return undefined;
  }

  /** @param {Capture['session']} session @param {Event} event */
  #progress(session, event) {
    const { part, text } = progress(this.words.texts, session);
    this.host.tell('progress', { ...event, share: part, text });
  }

  /** @param {Capture} capture @param {Event} error */
  #ended(capture, error) {
    capture.hangUp();
    const earlier = this.state !== 'recording' && this.state !== 'stopping';
    const unused = earlier || (this.asked && error.code === 'never_connected'); // stopped before it began
    if (unused) {
      this.#letGo();
      return this.enter('idle');
    }
    this.#closeCamera();
    const { texts } = this.words;
    const key = keyOf(texts, error, OF_EMBEDS);
    const advice = say(texts.phrases.title_and_advice, texts.errors[/** @type {keyof typeof texts.errors} */ (key)]);
    const counted = Object.entries(error.reasons ?? {}).sort(([, a], [, b]) => Number(b) - Number(a));
    this.view.outcome(texts.result.failed, advice, counted.map(([code]) => [this.words.reason(code)?.short ?? code, this.words.reason(code)?.advice ?? '']));
    this.enter('failed');
    return this.#tellError(error, key);
  }

  /** @param {Capture} capture @param {Event} clip */
  #review(capture, clip) {
    capture.hangUp();
    this.#closeCamera();
    const { texts } = this.words;
    const why = capture.cut ? texts.result.cut : this.words.stopped(/** @type {any} */ (capture.session.stopped ?? { rule: '' }), !capture.whip);
    const from = say(texts.result.from, { start: clock(clip.start_s), end: clock(clip.end_s) });
    this.view.outcome(say(texts.result.title, { window: this.words.duration(clip.window_s ?? clip.end_s - clip.start_s) }), this.words.sentences(why, from));
    this.enter(clip.accepted ? 'accepted' : 'review');
    const [, path] = Object.entries(clip.files).find(([name]) => /^clip.*\.mp4$/.test(name)) ?? [];
    this.player.play(String(path));
    this.host.tell('clip', clip);
  }

  /** Nothing goes on until this is out of the way. @param {any} error @param {() => any} again */
  #fail(error, again) {
    this.#letGo();
    this.enter('error');
    this.trouble(error, again);
  }

  /** @param {any} error a Refusal, a DOMException, or { code } @param {(() => any) | null} again what "try again" does; null where it is tried anyway */
  trouble(error, again) {
    const { errors } = this.words.texts;
    const key = keyOf(this.words.texts, error, OF_EMBEDS);
    this.view.problem(errors[/** @type {keyof typeof errors} */ (key)], NO_RETRY.has(key) ? null : again, error.retryAfter ?? 0);
    this.#tellError(error, key);
  }

  /** @param {any} error @param {string} key of its text */
  #tellError(error, key) {
    const { errors } = this.words.texts;
    const { title, advice } = errors[/** @type {keyof typeof errors} */ (key)];
    this.host.tell('error', { code: error.code && typeof error.code === 'string' ? error.code : key, title, advice });
  }
}
