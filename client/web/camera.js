// @ts-check
// The camera as it is set up: preview, choice, size of the picture, level of the sound.

import * as devices from './devices.js';
import { $, put } from './dom.js';
import { showLevel } from './level.js';
import { say, texts } from './texts.js';

const SMALL = 720;
/** What is shown of the outline: in an upright picture it stands higher than in the middle. */
const GUIDE = '0 0 100 100';
const GUIDE_UPRIGHT = '0 -18 100 118';

export class Camera {
  /** @param {(code: string) => void} gone called when a device goes away while it is open */
  constructor(gone) {
    this.gone = gone;
    /** @type {MediaStream | null} */
    this.stream = null;
    this.endLevel = () => {};
    this.opening = 0;
    $('preview').addEventListener('resize', () => this.#size());
  }

  /** Open what was chosen last and show it; false if another opening was requested meanwhile. @param {number} shorter side of the picture that is asked for */
  async open(shorter) {
    this.close();
    const turn = this.opening;
    const stream = await devices.open(shorter);
    if (turn !== this.opening) {
      devices.close(stream);
      return false;
    }
    this.stream = stream;
    for (const track of stream.getTracks()) track.addEventListener('ended', () => this.stream === stream && this.gone('unplugged'));
    this.endLevel = showLevel(stream);
    const [video, audio] = [stream.getVideoTracks()[0].getSettings(), stream.getAudioTracks()[0].getSettings()];
    document.body.dataset.facing = video.facingMode ?? 'user';
    $('preview').srcObject = stream;
    await $('preview').play().catch(() => {});
    await devices.list($('camera'), 'videoinput', video.deviceId, texts.controls.camera);
    await devices.list($('microphone'), 'audioinput', audio.deviceId, texts.controls.microphone);
    return turn === this.opening;
  }

  /** Remember the chosen devices for the next opening. */
  choose() {
    devices.remember('videoinput', $('camera').value);
    devices.remember('audioinput', $('microphone').value);
  }

  close() {
    this.opening += 1;
    this.endLevel();
    this.endLevel = () => {};
    devices.close(this.stream);
    this.stream = null;
    $('preview').srcObject = null;
    put($('camera-size'), '');
  }

  #size() {
    const { videoWidth: width, videoHeight: height } = $('preview');
    if (!width || !this.stream) return;
    $('frame').style.setProperty('--aspect', `${width} / ${height}`);
    $('guide').setAttribute('viewBox', width < height ? GUIDE_UPRIGHT : GUIDE);
    const fps = this.stream.getVideoTracks()[0].getSettings().frameRate ?? 0;
    const small = Math.min(width, height) < SMALL;
    put($('camera-size'), say(small ? texts.controls.small_size : texts.controls.size, { width, height, fps: Math.round(fps) }));
    $('camera-size').classList.toggle('caution', small);
  }
}
