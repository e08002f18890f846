// @ts-check
// A WHIP sender (RFC 9725): the camera's picture in full size from the first second, the microphone unprocessed.

import { Refusal } from './connection.js';

const VIDEO_BITRATE = 8_000_000;
const AUDIO_BITRATE = 128_000;
const MAX_FPS = 30;
/** Pixels of the shorter side of the picture that is sent where more is too much for the network or for this machine. */
const ENOUGH = 720;
/** So many looks in a row must find it too much. */
const LIMITED = 3;
const GATHER_MS = 1000;
const WANTED = ['video/H264', 'video/VP8'];
/** How long the server waits while nothing arrives: a network may be away for a while. */
const SILENCE_S = 45;
/** How long the server may take to answer an offer: what an earlier recording has left is written first. */
const BEGIN_MS = 60_000;
/** Between two tries to say that it is over, while the network is away. */
const AGAIN_MS = 2000;
const CAPTURE_TIME = 'http://www.webrtc.org/experiments/rtp-hdrext/abs-capture-time';

export class Whip {
  /** @param {string} name @param {MediaStream} stream @param {RTCIceServer[]} iceServers @param {string} query what the server is asked for @param {(state: RTCPeerConnectionState) => void} changed @param {import('./connection.js').Server} server */
  constructor(name, stream, iceServers, query, changed, server) {
    if (!globalThis.RTCPeerConnection) throw new Refusal('no_webrtc');
    this.server = server;
    this.name = name;
    this.query = query;
    this.over = false;
    /** Nothing more is to be said to the server. */
    this.closed = false;
    this.limited = 0;
    /** Bytes that have come, by candidate pair. @type {Map<string, number>} */
    this.received = new Map();
    /** The address to DELETE, once the server has sent it. @type {string | null} */
    this.resource = null;
    this.peer = new RTCPeerConnection({ iceServers });
    this.peer.addEventListener('connectionstatechange', () => this.over || changed(this.peer.connectionState));
    this.#addTracks(stream);
  }

  /** Offer, and connect with what the server answers. */
  async start() {
    await this.peer.setLocalDescription(await this.peer.createOffer());
    await gathered(this.peer);
    const answer = await this.server.request(`whip/${this.name}${this.query}${this.query ? '&' : '?'}silence_s=${SILENCE_S}`, {
      method: 'POST',
      headers: { 'Content-Type': 'application/sdp' },
      body: this.peer.localDescription?.sdp,
      signal: AbortSignal.timeout(BEGIN_MS),
    });
    const location = answer.headers.get('Location') ?? '';
    this.resource = this.server.address(`whip/${this.name}/${location.split('/').pop()}`); // also where a proxy has cut off a prefix
    if (this.over) return this.#delete(); // ended while the server answered
    return this.peer.setRemoteDescription({ type: 'answer', sdp: await answer.text() });
  }

  /** Size and rate of the pictures that are being sent; null while none are. */
  async sent() {
    for (const report of (await this.peer.getStats()).values()) {
      const { type, kind, frameWidth: width, frameHeight: height, framesPerSecond: fps } = report;
      if (type !== 'outbound-rtp' || kind !== 'video' || !width) continue;
      await this.#fit(Math.min(width, height), report.qualityLimitationReason);
      return { width, height, fps: Math.round(fps ?? 0) };
    }
    return null;
  }

  /** Whether the browser has given the connection up: it does not come back. */
  get failed() {
    return this.peer.connectionState === 'failed';
  }

  /** Whether anything has come from the server since it was last asked. */
  async heard() {
    let more = false;
    for (const { type, id, bytesReceived: bytes = 0 } of (await this.peer.getStats()).values()) {
      if (type !== 'candidate-pair') continue;
      more ||= bytes > (this.received.get(id) ?? 0);
      this.received.set(id, bytes);
    }
    return more;
  }

  /** Tell the server that it is over, as soon as it can be reached; it keeps the best clip. @param {boolean} lost whether the network ended it */
  async stop(lost = false) {
    this.over = true;
    if (this.resource && lost) this.resource += '?lost';
    const { resource } = this;
    try {
      await this.#delete();
    } catch (error) {
      if (/** @type {Refusal} */ (error).code !== 'unreachable') throw error;
      this.peer.close();
      await this.#deleteLater(resource);
    } finally {
      this.peer.close();
    }
  }

  /** The same while the page is going away: nothing can be awaited. */
  leave() {
    this.over = true;
    if (this.resource) fetch(this.resource, { method: 'DELETE', keepalive: true, headers: this.server.authorization() }).catch(() => {});
    this.resource = null;
  }

  /** Hang up without telling the server: it has ended, or never began. */
  close() {
    this.over = this.closed = true;
    this.resource = null;
    this.peer.close();
  }

  /** A larger picture than training needs is not worth lost frames. @param {number} shorter @param {string | undefined} limited by what */
  async #fit(shorter, limited) {
    this.limited = limited === 'bandwidth' || limited === 'cpu' ? this.limited + 1 : 0;
    if (this.limited < LIMITED || shorter <= ENOUGH) return;
    const { sender } = this.peer.getTransceivers()[0];
    const parameters = sender.getParameters();
    parameters.encodings[0].scaleResolutionDownBy = shorter / ENOUGH;
    await sender.setParameters(parameters).catch(() => {}); // it goes on as it is
  }

  /** @param {string | null} resource */
  async #deleteLater(resource) {
    while (!this.closed) {
      await new Promise((resolve) => setTimeout(resolve, AGAIN_MS));
      this.resource = resource;
      try {
        return await this.#delete();
      } catch (error) {
        if (/** @type {Refusal} */ (error).code !== 'unreachable') throw error;
      }
    }
    return undefined;
  }

  async #delete() {
    const resource = this.resource;
    this.resource = null;
    if (resource) await this.server.request(resource, { method: 'DELETE', keepalive: true });
  }

  /** @param {MediaStream} stream */
  #addTracks(stream) {
    const [video] = stream.getVideoTracks();
    const [audio] = stream.getAudioTracks();
    const sending = /** @type {RTCRtpTransceiverInit} */ ({ direction: 'sendonly', streams: [stream] });
    const picture = this.peer.addTransceiver(video, { ...sending, sendEncodings: [{ maxBitrate: VIDEO_BITRATE, maxFramerate: MAX_FPS }] });
    const sound = this.peer.addTransceiver(audio, { ...sending, sendEncodings: [{ maxBitrate: AUDIO_BITRATE }] });
    keepResolution(picture.sender);
    preferH264(picture);
    tellCaptureTimes(picture);
    tellCaptureTimes(sound);
  }
}

/** Wait until all candidates are in the offer, but not for a slow STUN server. @param {RTCPeerConnection} peer */
function gathered(peer) {
  return new Promise((resolve) => {
    const look = () => peer.iceGatheringState === 'complete' && resolve(null);
    setTimeout(resolve, GATHER_MS);
    peer.addEventListener('icegatheringstatechange', look);
    look();
  });
}

/** Under pressure send fewer pictures rather than smaller ones. @param {RTCRtpSender} sender */
function keepResolution(sender) {
  const parameters = sender.getParameters();
  /** @type {any} */ (parameters).degradationPreference = 'maintain-resolution';
  sender.setParameters(parameters).catch(() => {}); // a browser without it scales as it likes
}

/** H.264 costs the sender half of VP8's time. @param {RTCRtpTransceiver} transceiver */
function preferH264(transceiver) {
  const known = RTCRtpReceiver.getCapabilities?.('video')?.codecs ?? [];
  const rank = (/** @type {{ mimeType: string }} */ codec) => (WANTED.indexOf(codec.mimeType) + WANTED.length + 1) % (WANTED.length + 1);
  try {
    transceiver.setCodecPreferences([...known].sort((a, b) => rank(a) - rank(b)));
  } catch {
    // a browser without this setting sends what it likes; the server takes VP8, too
  }
}

/** Tell the server when each track was captured: steadier than sender reports, and at once. @param {RTCRtpTransceiver} transceiver */
function tellCaptureTimes(transceiver) {
  const one = /** @type {any} */ (transceiver);
  try {
    const known = /** @type {{ uri: string, direction: string }[]} */ (one.getHeaderExtensionsToNegotiate());
    one.setHeaderExtensionsToNegotiate(known.map((each) => (each.uri === CAPTURE_TIME ? { ...each, direction: 'sendrecv' } : each)));
  } catch {
    // a browser without this extension: its sender reports suffice
  }
}
