// @ts-check
// Cameras and microphones: which there are, which was used last, opening and closing them.

import { Refusal } from './connection.js';
import { keep, recall } from './store.js';
import { say } from './words.js';

/** @typedef {'videoinput' | 'audioinput'} Kind */
const KEYS = { videoinput: 'take5.camera', audioinput: 'take5.microphone' };

export const remembered = (/** @type {Kind} */ kind) => recall(KEYS[kind]);
export const remember = (/** @type {Kind} */ kind, /** @type {string} */ id) => keep(KEYS[kind], id);

/**
 * Open the remembered camera and microphone, or any if those are gone: a picture in the camera's own shape, and the sound as it is.
 * @param {number} shorter pixels of the shorter side that are asked for
 */
export async function open(shorter) {
  if (!navigator.mediaDevices?.getUserMedia) throw new Refusal(isSecureContext ? 'no_webrtc' : 'insecure');
  try {
    return await upright(await navigator.mediaDevices.getUserMedia(wishes(remembered('videoinput'), remembered('audioinput'), shorter)), shorter);
  } catch (error) {
    const { name } = /** @type {DOMException} */ (error);
    if (name === 'OverconstrainedError') return upright(await navigator.mediaDevices.getUserMedia(wishes('', '', shorter)), shorter);
    throw name === 'NotFoundError' ? await missing() : error;
  }
}

/** Ask a camera whose pictures are upright for an upright picture: until it is open its shape is unknown. @param {MediaStream} stream @param {number} shorter */
async function upright(stream, shorter) {
  const [track] = stream.getVideoTracks();
  const { width, height } = track.getCapabilities?.() ?? {};
  const { width: shown = 0, height: tall = 0, resizeMode } = /** @type {any} */ (track.getSettings());
  const stands = (height?.max ?? tall) > (width?.max ?? shown);
  const right = tall > shown && resizeMode !== 'crop-and-scale' && Math.min(tall, shown) === shorter;
  if (stands && !right) await track.applyConstraints(picture(shorter, longer(shorter))).catch(() => {}); // what it gives is good, too
  return stream;
}

/** A picture of about this size, neither cropped nor scaled by the browser. @param {number} width @param {number} height */
function picture(width, height) {
  const whole = { resizeMode: 'none' };
  return { ...whole, width: { ideal: width }, height: { ideal: height }, frameRate: { ideal: 25, max: 30 } };
}

/** @param {number} shorter */
const longer = (shorter) => Math.round((shorter * 16) / 9);

/** @param {string} camera @param {string} microphone @param {number} shorter @returns {MediaStreamConstraints} */
function wishes(camera, microphone, shorter) {
  const exactly = (/** @type {string} */ id) => (id ? { deviceId: { exact: id } } : {});
  return {
    video: { ...exactly(camera), ...picture(longer(shorter), shorter) },
    audio: { ...exactly(microphone), echoCancellation: false, noiseSuppression: false, autoGainControl: false, channelCount: { ideal: 1 } },
  };
}

/** Which of the two was not found. */
async function missing() {
  const found = await navigator.mediaDevices.enumerateDevices().catch(() => []);
  const has = (/** @type {Kind} */ kind) => found.some((device) => device.kind === kind);
  if (has('videoinput') === has('audioinput')) return new Refusal('NotFoundError');
  return new Refusal(has('videoinput') ? 'no_microphone' : 'no_camera');
}

/** Fill a list with the devices of a kind, the used one chosen. @param {HTMLSelectElement} select @param {Kind} kind @param {string | undefined} used @param {string} named what one without a name is called */
export async function list(select, kind, used, named) {
  const found = await navigator.mediaDevices.enumerateDevices();
  const devices = found.filter((device) => device.kind === kind && device.deviceId);
  select.replaceChildren(...devices.map((device, index) => new Option(device.label || say(named, { number: index + 1 }), device.deviceId)));
  select.disabled = devices.length === 0;
  if (used) select.value = used;
}

/** @param {MediaStream | null} stream */
export function close(stream) {
  stream?.getTracks().forEach((track) => track.stop());
}
