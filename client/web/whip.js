// A WHIP sender: the camera's picture in full size from the first second, the microphone unprocessed.

import { request, address, access } from './server.js';

const VIDEO_BITRATE = 8_000_000;
const AUDIO_BITRATE = 128_000;
const GATHER_MS = 1000;

export class Whip {
  /** @param {string} name @param {MediaStream} stream @param {string[]} iceServers @param {() => void} failed */
  constructor(name, stream, iceServers, failed) {
    this.name = name;
    this.stream = stream;
    this.resource = null;
    this.peer = new RTCPeerConnection({ iceServers: iceServers.map((urls) => ({ urls })) });
    this.peer.addEventListener('connectionstatechange', () => {
      if (this.peer.connectionState === 'failed') failed();
    });
  }

  async start() {
    this.#addTracks();
    await this.peer.setLocalDescription(await this.peer.createOffer());
    await this.#gathered();
    const answer = await request(`whip/${this.name}`, {
      method: 'POST',
      headers: { 'Content-Type': 'application/sdp' },
      body: this.peer.localDescription.sdp,
    });
    this.resource = new URL(answer.headers.get('Location'), answer.url).href;
    await this.peer.setRemoteDescription({ type: 'answer', sdp: await answer.text() });
  }

  /** Tell the server that it is over; it keeps the best clip. */
  async stop() {
    const resource = this.resource;
    this.resource = null;
    if (resource) await request(resource, { method: 'DELETE', keepalive: true }).catch(() => {});
    this.close();
  }

  /** The same while the page is going away: nothing can be awaited. */
  leave() {
    if (!this.resource) return;
    const headers = access.token ? { Authorization: `Bearer ${access.token}` } : {};
    fetch(this.resource, { method: 'DELETE', keepalive: true, headers });
    this.resource = null;
  }

  close() {
    this.peer.close();
  }

  #addTracks() {
    const [video] = this.stream.getVideoTracks();
    const [audio] = this.stream.getAudioTracks();
    video.contentHint = 'motion';
    const sending = { direction: 'sendonly', streams: [this.stream] };
    const picture = this.peer.addTransceiver(video, { ...sending, sendEncodings: [{ maxBitrate: VIDEO_BITRATE, maxFramerate: 30 }] });
    this.peer.addTransceiver(audio, { ...sending, sendEncodings: [{ maxBitrate: AUDIO_BITRATE }] });
    keepResolution(picture.sender);
    preferH264(picture);
  }

  #gathered() {
    if (this.peer.iceGatheringState === 'complete') return undefined;
    return new Promise((resolve) => {
      const timer = setTimeout(resolve, GATHER_MS);
      this.peer.addEventListener('icegatheringstatechange', () => {
        if (this.peer.iceGatheringState !== 'complete') return;
        clearTimeout(timer);
        resolve();
      });
    });
  }
}

/** Under pressure send fewer pictures rather than smaller ones. */
function keepResolution(sender) {
  const parameters = sender.getParameters();
  parameters.degradationPreference = 'maintain-resolution';
  sender.setParameters(parameters).catch(() => {});
}

function preferH264(transceiver) {
  const codecs = RTCRtpReceiver.getCapabilities('video')?.codecs;
  if (!codecs || !transceiver.setCodecPreferences) return;
  const rank = (codec) => (codec.mimeType === 'video/H264' ? 0 : codec.mimeType === 'video/VP8' ? 1 : 2);
  const wanted = [...codecs].sort((a, b) => rank(a) - rank(b));
  try {
    transceiver.setCodecPreferences(wanted);
  } catch {
    // a browser that will not be told sends what it likes; the server takes VP8, too
  }
}

export const whipAddress = (name) => address(`whip/${name}`);
