// @ts-check
// What is known of a capture: events in, state out. It owns no socket, no timer and no element.

/**
 * @typedef {{ start_s: number, D: number, MC: number, I: number, views: number }} Best
 * @typedef {{ start_s: number, D: number, MC: number | null, I: number | null, views: number | null,
 *   eligible: boolean | null, aspects: Record<string, string | null>, reasons: { code: string }[] }} Window
 * @typedef {{ face: number | null, faces: number | null, level_dbfs: number | null }} Chunk
 * @typedef {{ windows: number, of: number, complete: boolean }} Checked
 * @typedef {{ windows: number, passed: number, better_than: number, typical: number, expected: number | null, needed: number | null, reached: number | null }} Standing
 * @typedef {import('./feed.js').Event} Event
 * @typedef {import('./connection.js').Rules} Rules
 */

/** States in which a capture has a sender, or had one. */
const BEGUN = new Set(['connecting', 'receiving', 'stalled', 'stopping', 'ready', 'failed']);

/** Events of which there is one for each length of windows. */
const SCORES = new Set(['best', 'kept', 'scored']);

/** The key of a trainer's bundle of one length. @param {string} trainer @param {number} [window_s] */
export const bundleOf = (trainer, window_s) => `${trainer} ${window_s ?? ''}`;

export class Session {
  state = 'waiting';
  time_s = 0;
  /** By their start. @type {Map<number, Window>} */
  windows = new Map();
  /** @type {Window | null} */
  latest = null;
  /** @type {Best | null} */
  best = null;
  /** The best that is on disk. @type {Best | null} */
  kept = null;
  /** @type {Chunk | null} */
  chunk = null;
  /** @type {number | null} */
  gain = null;
  /** Where the best stands among this person's windows. @type {Standing | null} */
  standing = null;
  /** How many windows have a verdict. @type {Checked | null} */
  checked = null;
  /** What the sender's stream is like. @type {Event | null} */
  stream = null;
  /** @type {Event | null} */
  stalled = null;
  /** @type {Event | null} */
  stopped = null;
  /** @type {Event | null} */
  clip = null;
  /** The windows of other lengths, by length and start. @type {Map<string, Window>} */
  otherWindows = new Map();
  /** The clips of other lengths, or word that there is none. @type {Event[]} */
  others = [];
  /** By what bundleOf says. @type {Map<string, Event>} */
  bundles = new Map();
  /** What has become of their preparation, likewise. @type {Map<string, Event>} */
  prepared = new Map();
  /** @type {Event | null} */
  report = null;
  /** @type {Event | null} */
  error = null;
  /** @type {Event | null} */
  warning = null;
  /** @type {Event | null} */
  coach = null;

  /** @param {Rules} rules @param {number} window_s @param {number[] | null} D_range */
  constructor(rules, window_s, D_range) {
    this.rules = rules;
    this.window_s = window_s;
    this.D_range = D_range;
  }

  /** A sender has come. */
  get begun() {
    return BEGUN.has(this.state);
  }

  /** The I at which it stops: the user's own, or what is enough for this person; null as long as that is not known. @returns {number | null} */
  get goal() {
    return this.rules.stop_at ?? this.standing?.needed ?? null;
  }

  /** It is enough, and the person is asked to sit still and silent. */
  get idling() {
    return this.coach?.code === 'idle';
  }

  /** Take an event. @param {Event} event @returns {boolean} false if the capture that was followed is not there any more */
  take(event) {
    this.time_s = Math.max(this.time_s, event.time_s ?? 0);
    if (!this.#ofAnotherLength(event)) this.checked = event.checked ?? this.checked;
    const lost = this.begun && event.type === 'hello' && event.state === 'waiting';
    if (event.type === 'hello') this.#hello(event);
    else this.#step(event);
    this.#keepBest();
    return !lost;
  }

  #forget() {
    Object.assign(this, new Session(this.rules, this.window_s, this.D_range));
  }

  /** @param {Event} event */
  #hello(event) {
    this.#forget();
    const { state, rules, window_s, D_range, best, kept, stopped, clip, report, error, stalled, coach, warning, time_s, stream = null } =
      event;
    Object.assign(this, { state, rules, window_s, D_range, best, kept, stopped, clip, report, error, stalled, coach, warning, time_s, stream });
    this.checked = event.checked ?? null;
    this.standing = event.standing ?? null;
    this.others = event.more_clips ?? [];
    for (const { window_s: length, windows } of event.lengths ?? []) for (const window of windows) this.#otherWindow(length, window);
    for (const bundle of event.bundles ?? []) this.bundles.set(bundleOf(bundle.trainer, bundle.window_s), bundle);
    for (const prepared of event.prepared ?? []) this.prepared.set(bundleOf(prepared.trainer, prepared.window_s), prepared);
    for (const window of event.windows) this.#window(window);
  }

  /** @param {Event} event */
  #step(event) {
    if (SCORES.has(event.type) && this.#ofAnotherLength(event)) return void this.#otherWindow(event.window_s, event.window);
    switch (event.type) {
      case 'state':
        if (event.state === 'connecting') this.#forget();
        this.state = event.state;
        break;
      case 'progress':
        this.time_s = event.time_s;
        this.chunk = event.chunk;
        this.gain = event.gain;
        this.standing = event.standing;
        this.best = event.best ?? this.best;
        if (event.window) this.#window(event.window);
        for (const { window_s: length, window } of event.lengths ?? []) this.#otherWindow(length, window);
        break;
      case 'bundle':
        this.bundles.set(bundleOf(event.trainer, event.window_s), event);
        break;
      case 'prepared':
        this.prepared.set(bundleOf(event.trainer, event.window_s), event);
        break;
      case 'scored':
        this.windows.set(event.window.start_s, event.window);
        break;
      case 'resumed':
        this.stalled = null;
        break;
      case 'best':
        this.best = event.best;
        break;
      case 'kept':
        this.kept = event.best;
        break;
      case 'no_clip':
        this.others.push(event);
        break;
      case 'clip':
        if (this.clip) this.others.push(event);
        else this.clip = event;
        break;
      case 'coach':
      case 'stream':
      case 'stalled':
      case 'stopped':
      case 'report':
      case 'error':
      case 'warning':
        this[event.type] = event;
        break;
      default: // of a later server
    }
  }

  /** What is known of the window of a clip. @param {Event} clip @returns {Window | undefined} */
  windowOf(clip) {
    return this.#ofAnotherLength(clip) ? this.otherWindows.get(`${clip.window_s} ${clip.start_s}`) : this.windows.get(clip.start_s);
  }

  /** @param {number} length @param {Window | null | undefined} window */
  #otherWindow(length, window) {
    if (window) this.otherWindows.set(`${length} ${window.start_s}`, window);
  }

  /** The page shows how the first length goes. @param {Event} event */
  #ofAnotherLength({ window_s }) {
    return window_s !== undefined && window_s !== this.window_s;
  }

  /** Of several progress events a slow reader gets the newest only: the best window may not have been among them. */
  #keepBest() {
    const { best } = this;
    if (best && !this.windows.has(best.start_s)) this.windows.set(best.start_s, { ...best, eligible: true, reasons: [], aspects: {} });
  }

  /** @param {Window} window */
  #window(window) {
    this.latest = window;
    this.windows.set(window.start_s, window);
  }
}
