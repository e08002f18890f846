// @ts-check
// What a sender's settings should be, each checked against what has been measured of its stream.

import { isGood, word } from './level.js';
import { ofCode, say, texts } from './texts.js';

/** @typedef {import('./session.js').Session} Session */
/** @typedef {'good' | 'bad' | 'unknown'} Verdict */
/** @typedef {{ id: keyof typeof texts.obs, verdict: Verdict, value: string }} Check */

const KEYFRAMES_S = 2.05;
const FPS = [25, 60];
const SHORTER = 720;
const FULL_BAND = 48000;
/** Pictures of other kinds are not played by every browser, as part of source.mp4. */
const PLAIN = new Set(['Constrained Baseline', 'Baseline', 'Main', 'High']);
const LEVELS = 10;
const LEAST_LEVELS = 3;
/** OBS begins again a few seconds after it was cut off. */
const RECONNECT_MS = 15_000;
/** Rules by which the server, not the sender, ends a recording. */
const BY_SERVER = new Set(['threshold', 'gain', 'cap']);

export class ObsChecks {
  /** dBFS of the latest seconds. @type {number[]} */
  levels = [];
  /** When the server ended the last recording. @type {number | null} */
  stoppedAt = null;
  /** @type {Verdict} */
  reconnect = 'unknown';

  /** @param {Session} session @param {import('./feed.js').Event} event @param {number} now in ms of any clock */
  take(session, event, now) {
    if (event.type === 'state' && event.state === 'connecting') this.#begins(now);
    if (event.type === 'stopped' && BY_SERVER.has(event.rule)) this.stoppedAt = now;
    if (event.type === 'progress' && event.chunk) this.levels = [...this.levels, event.chunk.level_dbfs ?? -Infinity].slice(-LEVELS);
  }

  /** @param {number} now */
  #begins(now) {
    this.levels = [];
    this.look(now);
    if (this.stoppedAt !== null) this.reconnect = 'bad';
    this.stoppedAt = null;
  }

  /** Let time pass. @param {number} now */
  look(now) {
    if (this.stoppedAt === null || now - this.stoppedAt < RECONNECT_MS) return;
    this.reconnect = 'good';
    this.stoppedAt = null;
  }

  /** All checks, in the order in which OBS's settings have them. @param {Session | null} session @returns {Check[]} */
  all(session) {
    const stream = /** @type {any} */ (session?.stream ?? {});
    const { codec, profile, level, width, height, fps, keyframe_interval_s: keyframes, b_frames: b, sample_rate: rate, channels } = stream;
    return [
      check('codec', codec, () => true, () => say(codec === 'H264' ? texts.obs_values.h264 : texts.obs_values.vp8)),
      check('profile', codec && (profile ?? codec), (known) => known === 'VP8' || PLAIN.has(known), () => (profile ? say(texts.obs_values.profile, { profile, level }) : texts.obs_values.vp8)),
      check('keyframes', keyframes, (seconds) => seconds <= KEYFRAMES_S, (seconds) => say(texts.obs_values.keyframes, { seconds })),
      check('b_frames', b, (known) => !known, (known) => (known ? texts.obs_values.b_frames : texts.obs_values.no_b_frames)),
      check('fps', fps, (known) => known >= FPS[0] && known <= FPS[1], () => say(texts.obs_values.fps, { fps })),
      check('size', width, () => Math.min(width, height) >= SHORTER, () => say(texts.obs_values.size, { width, height })),
      check('sound', rate, (known) => known >= FULL_BAND, () => soundOf(rate, channels)),
      this.#level(),
      { id: 'reconnect', verdict: this.reconnect, value: ofCode(texts.obs_values, `reconnect_${this.reconnect}`) },
    ];
  }

  /** @returns {Check} */
  #level() {
    if (this.levels.length < LEAST_LEVELS) return { id: 'level', verdict: 'unknown', value: '' };
    const loudest = Math.max(...this.levels);
    if (!isGood(loudest)) return { id: 'level', verdict: 'bad', value: word(loudest) };
    return { id: 'level', verdict: 'good', value: say(texts.obs_values.level, { level: loudest.toFixed(0) }) };
  }
}

/** @param {Check['id']} id @param {any} known null or undefined while nothing has been measured @param {(known: any) => boolean} good @param {(known: any) => string} words @returns {Check} */
function check(id, known, good, words) {
  if (known == null) return { id, verdict: 'unknown', value: '' };
  return { id, verdict: good(known) ? 'good' : 'bad', value: words(known) };
}

/** @param {number} rate @param {number} channels */
const soundOf = (rate, channels) => say(channels === 2 ? texts.obs_values.stereo : texts.obs_values.mono, { rate: rate / 1000 });
