// @ts-check
// What <take5-capture> shows: its parts, and which of them each state shows. It knows no server.

import { make, put, shape } from './elements.js';
import * as forms from './embed_forms.js';
import { dress } from './embed_style.js';
import { hold } from './holding.js';
import { LevelMeter, listen } from './loudness.js';
import { meaning, progress } from './meaning.js';
import { clock, say } from './words.js';

/** @typedef {import('./session.js').Session} Session @typedef {import('./words.js').Words} Words @typedef {import('./feed.js').Event} Event */
/** @typedef {'loading' | 'consent' | 'refused' | 'idle' | 'opening' | 'ready' | 'recording' | 'stopping' | 'following' | 'review' | 'accepted' | 'failed' | 'error'} State */

/** Parts that not every state shows. @type {Record<State, string[]>} */
const SHOWN = {
  loading: ['frame'],
  consent: ['title', 'text', 'consent'],
  refused: ['title', 'text', 'back'],
  idle: ['frame', 'lengths', 'open'],
  opening: ['frame'],
  ready: ['prompting', 'frame', 'preview', 'guide', 'level-group', 'lengths', 'devices', 'start'],
  recording: ['prompting', 'frame', 'preview', 'clock', 'ring', 'coach', 'progress', 'stop'],
  stopping: ['frame', 'preview', 'clock', 'ring'],
  following: [],
  review: ['title', 'frame', 'clip', 'text', 'use', 'again'],
  accepted: ['title', 'frame', 'clip', 'text'],
  failed: ['title', 'text', 'reasons', 'again'],
  error: [],
};
/** Buttons, by the text of each. */
const BUTTONS = ['open', 'start', 'stop', 'use', 'again', 'back', 'retry'];
const PRIMARY = new Set(['open', 'start', 'use', 'retry']);
const OUTLINE = 'M50 17c13.500 0 20 10.500 20 25S61.500 68 50 68 30 56.500 30 42s6.500-25 20-25Z';

/** Whether no element of the page has the focus. */
const isNowhere = () => document.activeElement === document.body || document.activeElement === null;

export class View {
  /** @type {Record<string, any>} */
  parts = {};
  /** Buttons that are not of use to this person. @type {Set<string>} */
  without = new Set();
  /** @type {Words | null} */
  words = null;
  /** The length of a clip, in words. */
  window = '';
  /** The focus was on what is hidden by now. */
  held = false;
  endLevel = () => {};
  release = () => {};
  again = () => {};

  /** @param {ShadowRoot} root @param {Record<string, () => void>} actions of the buttons */
  constructor(root, actions) {
    this.root = root;
    dress(root);
    const section = this.#part(make('section', '', { part: 'root' }), 'root');
    /** @type {forms.Part} */
    const part = (element, name) => this.#part(element, name);
    section.append(
      this.#title(), forms.prompter(part), this.#frame(), this.#problem(), this.#status(), forms.consentForm(part, actions), this.#level(),
      ...forms.choices(part), this.#reasons(), this.#buttons(actions),
    );
    root.replaceChildren(section);
    this.meter = new LevelMeter(this.parts.level, this.parts['level-word']);
    this.#clear();
  }

  /** @param {Words} words @param {number} window_s */
  speak(words, window_s) {
    this.words = words;
    const { page, embed } = words.texts;
    const window = words.texts.phrases.seconds ? words.duration(window_s) : '';
    const { root, preview, clip, ring, level } = this.parts;
    root.lang = words.texts.language;
    const labels = /** @type {const} */ ([[root, embed.label], [preview, page.preview], [clip, say(page.clip, { window })], [ring, page.progress], [level, page.level]]);
    for (const [element, label] of labels) if (label) element.setAttribute('aria-label', label);
    put(this.parts['level-name'], page.level ?? '');
    for (const [name, text] of Object.entries({ open: embed.open, start: page.start, stop: page.stop, use: page.use, again: embed.record_again })) put(this.parts[name], text ?? '');
    forms.speak(this.parts, words.texts);
    this.window = window;
  }

  /** The length of the clip that is chosen. @param {number} window_s */
  length(window_s) {
    if (!this.words) return;
    this.window = this.words.duration(window_s);
    this.parts.clip.setAttribute('aria-label', say(this.words.texts.page.clip, { window: this.window }));
    if (!this.parts.open.hidden) this.say(this.#introduction('idle'));
  }

  /** What the person is asked to agree to. @param {import('./agreement.js').Asked} asked */
  ask({ text, version, language }) {
    const { parts } = this;
    const { page, way } = /** @type {Words} */ (this.words).texts;
    this.outcome(page.consent_title, page.consent_about);
    put(parts['consent-text'], text);
    parts['consent-text'].lang = language ?? '';
    put(parts['consent-version'], version ? say(way.version, { version }) : '');
    forms.complete(parts.consent);
  }

  /** Show what a state shows. The focus stays inside. @param {State} state */
  enter(state) {
    const focused = /** @type {any} */ (this.root.activeElement);
    const shown = new Set(SHOWN[state]);
    this.#clear(shown);
    if (state !== 'recording' && state !== 'stopping') this.say(this.#introduction(state));
    this.advise({});
    this.held = Boolean(focused?.closest('[hidden]')) || (this.held && !focused && isNowhere());
    this.#focus();
  }

  /** @param {Set<string>} shown */
  #clear(shown = new Set()) {
    const optional = new Set(Object.values(SHOWN).flat());
    for (const name of optional) this.parts[name].toggleAttribute('hidden', !shown.has(name) || this.without.has(name)); // shapes have no such property
    this.clearProblem();
  }

  /** Where the focus has lost its place: on the heading where there is one, so that it is read, else on what to press, once there is. */
  #focus() {
    const places = ['title', ...BUTTONS].map((name) => this.parts[name]);
    const place = this.held && places.find((each) => !each.hidden && !each.disabled);
    if (!place) return;
    this.held = false;
    place.focus();
  }

  /** @param {State} state */
  #introduction(state) {
    if (!this.words) return '';
    const { embed, status } = this.words.texts;
    /** @type {Partial<Record<State, string>>} */
    const texts = { idle: say(embed.idle, { window: this.window }), opening: status.opening, ready: status.setup, following: embed.following, accepted: embed.accepted };
    return texts[state] ?? '';
  }

  /** @param {string} text */
  say(text) {
    put(this.parts.status, text);
  }

  /** What is happening, while it records. @param {Session} session */
  tell(session) {
    const words = /** @type {Words} */ (this.words);
    const { part, number, text } = progress(words.texts, session);
    const { ring, clock: time } = this.parts;
    ring.setAttribute('aria-valuenow', String(Math.floor(part * 100)));
    ring.setAttribute('aria-valuetext', text);
    this.parts['ring-value'].style.strokeDasharray = `${(part * 100).toFixed(1)} 100`;
    put(this.parts['ring-number'], number);
    put(this.parts.progress, text);
    put(time, clock(session.time_s));
    this.say(meaning(words, session, false));
  }

  /** What the coach says. @param {{ code?: string | null, text?: string, [key: string]: any }} event */
  advise(event) {
    if (!this.words) return;
    const { text, language } = event.code ? this.words.advice(event) : { text: '', language: '' };
    this.parts.coach.dataset.kind = event.code === 'good' ? 'good' : 'change';
    this.parts.coach.lang = language;
    put(this.parts['coach-text'], text);
  }

  /** Show the camera and how loud the microphone is; nothing without a stream. @param {MediaStream | null} stream */
  preview(stream) {
    const { preview, frame } = this.parts;
    this.endLevel();
    this.endLevel = () => {};
    preview.srcObject = stream;
    if (!stream) return;
    frame.dataset.facing = stream.getVideoTracks()[0].getSettings().facingMode ?? 'user';
    preview.play().catch(() => {});
    this.endLevel = listen(stream, (...heard) => this.words && this.meter.draw(this.words.texts, ...heard));
  }

  /** @param {string} title @param {string} text @param {[string, string][]} reasons each with what to do about it */
  outcome(title, text, reasons = []) {
    put(this.parts.title, title);
    put(this.parts.text, text);
    this.parts.reasons.replaceChildren(...reasons.map(([what, advice]) => {
      const item = make('li', '', { part: 'reason' });
      item.append(make('strong', what), make('span', advice));
      return item;
    }));
  }

  /** @param {{ title: string, advice: string }} text @param {(() => void) | null} again what the button does @param {number} wait seconds until it may */
  problem({ title, advice }, again, wait = 0) {
    const { problem, retry } = this.parts;
    this.clearProblem();
    problem.hidden = false;
    put(this.parts['problem-title'], title);
    put(this.parts['problem-advice'], advice);
    retry.hidden = again === null;
    this.again = again ?? (() => {});
    this.release = hold(retry, /** @type {Words} */ (this.words).texts, Math.ceil(wait));
    this.#focus();
  }

  clearProblem() {
    this.release();
    this.parts.problem.hidden = this.parts.retry.hidden = true;
    put(this.parts['problem-title'], '');
    put(this.parts['problem-advice'], '');
  }

  /** @template {Element} T @param {T} element @param {string} name @returns {T} */
  #part(element, name) {
    this.parts[name] = element;
    return element;
  }

  #title() {
    return this.#part(make('h2', '', { part: 'title', tabindex: '-1' }), 'title');
  }

  #frame() {
    const frame = this.#part(make('div', '', { class: 'frame', part: 'frame' }), 'frame');
    const preview = /** @type {HTMLVideoElement} */ (this.#part(make('video', '', { class: 'preview', part: 'preview', playsinline: '' }), 'preview'));
    preview.muted = true;
    this.#shaped(preview);
    const guide = this.#part(shape('svg', { class: 'guide', part: 'guide', viewBox: '0 0 100 100', preserveAspectRatio: 'xMidYMin', 'aria-hidden': 'true' }), 'guide');
    guide.append(shape('path', { d: OUTLINE }));
    const clip = /** @type {HTMLVideoElement} */ (this.#part(make('video', '', { part: 'clip', controls: '', loop: '', playsinline: '', crossorigin: 'anonymous' }), 'clip'));
    this.#shaped(clip);
    const coach = this.#part(make('p', '', { class: 'coach', part: 'coach', 'aria-live': 'polite', 'aria-atomic': 'true' }), 'coach');
    coach.append(this.#part(make('span', '', { part: 'coach-text' }), 'coach-text'));
    frame.append(preview, guide, this.#part(make('p', '0:00', { class: 'clock', part: 'clock' }), 'clock'), this.#ring(), coach, clip);
    return frame;
  }

  /** Give the frame the shape of what is shown in it. @param {HTMLVideoElement} video */
  #shaped(video) {
    video.addEventListener('resize', () => {
      if (video.videoWidth && !video.hidden) this.parts.frame.style.setProperty('--aspect', `${video.videoWidth} / ${video.videoHeight}`);
    });
  }

  #ring() {
    const ring = this.#part(shape('svg', { class: 'ring', part: 'ring', viewBox: '0 0 120 120', role: 'progressbar', 'aria-valuemin': '0', 'aria-valuemax': '100' }), 'ring');
    const round = (/** @type {string} */ name, /** @type {number} */ r) => shape('circle', { class: name, cx: 60, cy: 60, r, pathLength: 100 });
    ring.append(round('back', 59), round('track', 50), this.#part(round('value', 50), 'ring-value'), this.#part(shape('text', { x: 60, y: 61 }, '0%'), 'ring-number'));
    return ring;
  }

  #problem() {
    const problem = this.#part(make('div', '', { class: 'problem', part: 'problem', role: 'alert' }), 'problem');
    problem.append(this.#part(make('strong', '', { part: 'problem-title' }), 'problem-title'), this.#part(make('p', '', { part: 'problem-advice' }), 'problem-advice'));
    return problem;
  }

  #status() {
    const group = make('div');
    group.append(
      this.#part(make('p', '', { class: 'status', part: 'status', role: 'status', 'aria-live': 'polite' }), 'status'),
      this.#part(make('p', '', { class: 'hint', part: 'progress' }), 'progress'),
      this.#part(make('p', '', { class: 'hint', part: 'text' }), 'text'),
    );
    return group;
  }

  #level() {
    const group = this.#part(make('div', '', { part: 'level-group' }), 'level-group');
    const caption = make('div', '', { class: 'caption' });
    caption.append(this.#part(make('span'), 'level-name'), this.#part(make('span', '', { part: 'level-word' }), 'level-word'));
    const level = this.#part(make('div', '', { class: 'bar', part: 'level', role: 'meter', 'aria-valuemin': '-60', 'aria-valuemax': '0', 'aria-valuenow': '-60' }), 'level');
    level.append(make('span', '', { part: 'level-bar' }));
    group.append(caption, level);
    return group;
  }

  #reasons() {
    return this.#part(make('ul', '', { class: 'reasons', part: 'reasons' }), 'reasons');
  }

  /** @param {Record<string, () => void>} actions */
  #buttons(actions) {
    const group = make('div', '', { class: 'buttons', part: 'buttons' });
    for (const name of BUTTONS) {
      const kind = PRIMARY.has(name) ? 'primary' : '';
      const button = this.#part(make('button', '', { type: 'button', class: kind, part: `button ${kind} ${name}` }), name);
      button.addEventListener('click', name === 'retry' ? () => this.again() : actions[name]);
      group.append(button);
    }
    return group;
  }
}
