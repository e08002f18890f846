// @ts-check
// A short recording by the browser itself, of what its camera and microphone are open for. It owns no element.

import { Refusal } from './connection.js';

/** Preferred first; a browser that has none of them chooses. */
const TYPES = ['video/webm;codecs=vp8,opus', 'video/webm', 'video/mp4'];
const PICTURE_BPS = 536_000;
const SOUND_BPS = 64_000;
const EVERY_MS = 200;

export const MOST_S = 20;
export const LEAST_S = 1.5;

/** @typedef {{ recording: Blob, seconds: number }} Recorded */

export class Recorder {
  /** @param {MediaStream} stream @param {(left: number) => void} tick seconds that are left */
  constructor(stream, tick) {
    if (!globalThis.MediaRecorder) throw new Refusal('no_webrtc');
    const mimeType = TYPES.find((type) => MediaRecorder.isTypeSupported(type));
    this.recorder = new MediaRecorder(stream, { ...(mimeType ? { mimeType } : {}), videoBitsPerSecond: PICTURE_BPS, audioBitsPerSecond: SOUND_BPS });
    this.tick = tick;
  }

  /** Record until it is stopped, or for as long as a recording may be. @returns {Promise<Recorded>} */
  record() {
    const { recorder } = this;
    /** @type {Blob[]} */
    const pieces = [];
    const since = performance.now();
    const passed = () => (performance.now() - since) / 1000;
    return new Promise((resolve, reject) => {
      const timer = setInterval(() => {
        this.tick(Math.max(0, Math.ceil(MOST_S - passed())));
        if (passed() >= MOST_S) this.stop();
      }, EVERY_MS);
      recorder.ondataavailable = ({ data }) => pieces.push(data);
      recorder.onerror = () => reject(new Refusal('recording_invalid'));
      recorder.onstop = () => {
        clearInterval(timer);
        resolve({ recording: new Blob(pieces, { type: recorder.mimeType }), seconds: passed() });
      };
      this.tick(MOST_S);
      recorder.start();
    });
  }

  stop() {
    if (this.recorder.state !== 'inactive') this.recorder.stop();
  }
}
