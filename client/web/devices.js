// Cameras and microphones: choice, preview, level.

import { Refusal } from './server.js';

const KEYS = { videoinput: 'take5.camera', audioinput: 'take5.microphone' };

/** Open the chosen camera and microphone: 720p, and the sound as it is. */
export async function open(camera, microphone) {
  if (!navigator.mediaDevices?.getUserMedia) throw new Refusal('insecure', 'no camera on an insecure page');
  const exactly = (id) => (id ? { deviceId: { exact: id } } : {});
  return navigator.mediaDevices.getUserMedia({
    video: { ...exactly(camera), width: { ideal: 1280 }, height: { ideal: 720 }, frameRate: { ideal: 25, max: 30 } },
    audio: { ...exactly(microphone), echoCancellation: false, noiseSuppression: false, autoGainControl: false, channelCount: { ideal: 1 } },
  });
}

/** Fill a list with the devices of a kind, the remembered or the used one chosen. */
export async function list(select, kind, used) {
  const devices = (await navigator.mediaDevices.enumerateDevices()).filter((device) => device.kind === kind);
  select.replaceChildren(
    ...devices.map((device, index) => new Option(device.label || `${kind === 'videoinput' ? 'Camera' : 'Microphone'} ${index + 1}`, device.deviceId)),
  );
  select.disabled = devices.length === 0;
  if (used) select.value = used;
}

export const remembered = (kind) => localStorage.getItem(KEYS[kind]) ?? '';
export const remember = (kind, id) => localStorage.setItem(KEYS[kind], id);

/** Call back with the level of a stream's sound, in dBFS, about ten times a second; returns what ends it. */
export function watchLevel(stream, told) {
  const context = new AudioContext();
  const analyser = context.createAnalyser();
  analyser.fftSize = 2048;
  context.createMediaStreamSource(stream).connect(analyser);
  const samples = new Float32Array(analyser.fftSize);
  const timer = setInterval(() => {
    analyser.getFloatTimeDomainData(samples);
    const power = samples.reduce((sum, x) => sum + x * x, 0) / samples.length;
    told(power ? Math.max(-60, 10 * Math.log10(power)) : -60);
  }, 100);
  return () => {
    clearInterval(timer);
    context.close();
  };
}

export function stopTracks(stream) {
  stream?.getTracks().forEach((track) => track.stop());
}
