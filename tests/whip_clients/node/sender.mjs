// Sends packed media by WHIP, as OBS does: libdatachannel, the offer without candidates, 201 within 8 s, DELETE at the end.
//
//   node sender.mjs URL FILE [--token TOKEN] [--relay HOST:PORT] [--crash]
//
// FILE comes from packed.py. --relay sends all media there instead of to the server's own addresses. --crash ends
// without a word. Prints one JSON object a line. Exit codes: 0 all sent, 2 refused, 3 never connected, 4 the server hung
// up, 64 wrong arguments.

import { readFileSync } from 'node:fs';
import { parseArgs } from 'node:util';

import rtc from 'node-datachannel';

const REFUSED = 2;
const NEVER_CONNECTED = 3;
const HUNG_UP = 4;
const USAGE = 64;
const ANSWER_MS = 8000;
const CONNECT_MS = 10000;
const HEADER_BYTES = 13;
const SPIN_MS = 2;
const LEAD_MS = 100;
const FRAGMENT_BYTES = 1200;
const KEEP_PACKETS = 4096;
const CODECS = {
  video: { clock: 90000, payload: 96, fmtp: 'profile-level-id=42e01f;packetization-mode=1;level-asymmetry-allowed=1' },
  audio: { clock: 48000, payload: 111, fmtp: 'minptime=10;useinbandfec=1;stereo=1;sprop-stereo=1' },
};

class Failed extends Error {
  constructor(code, text) {
    super(text);
    this.code = code;
  }
}

const say = (event) => console.log(JSON.stringify(event));

/** Packets in the order of the file: kind, time in ticks of the kind's clock, bytes. */
function* packets(path) {
  const file = readFileSync(path);
  for (let at = 0; at < file.length; ) {
    const size = file.readUInt32LE(at + 9);
    const kind = file.readUInt8(at) === 0 ? 'video' : 'audio';
    yield { kind, pts: Number(file.readBigInt64LE(at + 1)), data: file.subarray(at + HEADER_BYTES, at + HEADER_BYTES + size) };
    at += HEADER_BYTES + size;
  }
}

/** A track of the connection: its packets get their RTP times, and sender reports say what they mean. */
class Track {
  constructor(peer, kind, mid) {
    const { clock, payload, fmtp } = CODECS[kind];
    const ssrc = 1 + Math.floor(Math.random() * 0xfffffffe);
    const media = kind === 'video' ? new rtc.Video(mid, 'SendOnly') : new rtc.Audio(mid, 'SendOnly');
    if (kind === 'video') media.addH264Codec(payload, fmtp);
    else media.addOpusCodec(payload, fmtp);
    media.addSSRC(ssrc, 'take5', 'take5', kind);
    this.track = peer.addTrack(media);
    this.config = new rtc.RtpPacketizationConfig(ssrc, 'take5', payload, clock);
    this.begin = this.config.timestamp;
    this.clock = clock;
    this.packetizer =
      kind === 'video'
        ? new rtc.H264RtpPacketizer('StartSequence', this.config, FRAGMENT_BYTES)
        : new rtc.RtpPacketizer(this.config);
    this.packetizer.addToChain(new rtc.RtcpSrReporter(this.config));
    this.packetizer.addToChain(new rtc.RtcpNackResponder(KEEP_PACKETS));
    this.track.setMediaHandler(this.packetizer);
  }

  send({ pts, data }) {
    this.config.timestamp = (this.begin + pts) >>> 0;
    this.track.sendMessageBinary(data);
  }
}

/** Offer, and return the answer and the address of what it began. */
async function offered(url, sdp, token) {
  const headers = { 'Content-Type': 'application/sdp', ...(token && { Authorization: `Bearer ${token}` }) };
  let answer;
  try {
    answer = await fetch(url, { method: 'POST', headers, body: sdp, signal: AbortSignal.timeout(ANSWER_MS) });
  } catch (error) {
    throw new Failed(REFUSED, `no answer from ${url} (${error.cause?.message ?? error.message})`);
  }
  const body = await answer.text();
  const location = answer.headers.get('Location');
  if (answer.status !== 201 || !location || !body) throw new Failed(REFUSED, `status ${answer.status}: ${body}`);
  return { sdp: body, resource: new URL(location, url).href, headers: token ? { Authorization: `Bearer ${token}` } : {} };
}

/** The first address in an answer that a relay can send to, as host:port. */
function serverOf(sdp) {
  const found = /^a=candidate:\S+ 1 udp \d+ (\d+\.\d+\.\d+\.\d+) (\d+) /im.exec(sdp);
  return found && `${found[1]}:${found[2]}`;
}

/** The answer with one candidate: the relay's address. */
function through(sdp, relay) {
  const [host, port] = relay.split(':');
  const candidate = `a=candidate:1 1 udp 2130706431 ${host} ${port} typ host`;
  const lines = sdp.split(/\r?\n/).filter((line) => line && !/^a=(candidate|end-of-candidates)/.test(line));
  return lines.flatMap((line) => (line.startsWith('a=ice-pwd') ? [line, candidate] : [line])).concat('').join('\r\n');
}

function connected(peer) {
  return new Promise((resolve, reject) => {
    const timer = setTimeout(() => reject(new Failed(NEVER_CONNECTED, `not connected within ${CONNECT_MS} ms`)), CONNECT_MS);
    peer.onStateChange((state) => {
      if (state === 'connected') resolve(clearTimeout(timer));
      if (state === 'failed' || state === 'closed') reject(new Failed(NEVER_CONNECTED, `the connection has ${state}`));
    });
  });
}

const now = () => Number(process.hrtime.bigint()) / 1e6;

/** Sleep, and look at the clock for the last of it: packets that leave on time make their sender reports exact. */
async function until(due) {
  const ahead = due - now();
  if (ahead > SPIN_MS) await new Promise((resolve) => setTimeout(resolve, ahead - SPIN_MS));
  while (now() < due);
}

/** Send everything when it is due; false if the server has hung up. */
async function play(path, peer, tracks) {
  let open = true;
  peer.onStateChange((state) => {
    open &&= state === 'connected';
  });
  const film = [...packets(path)];
  const begin = now() + LEAD_MS;
  for (const packet of film) {
    const track = tracks[packet.kind];
    await until(begin + (packet.pts / track.clock) * 1000);
    if (!open) return false;
    track.send(packet);
  }
  return true;
}

async function main({ url, path, token, relay, crash }) {
  const peer = new rtc.PeerConnection('take5', { iceServers: [], disableAutoNegotiation: true });
  const tracks = { audio: new Track(peer, 'audio', '0'), video: new Track(peer, 'video', '1') };
  const local = new Promise((resolve) => peer.onLocalDescription(resolve));
  peer.setLocalDescription('offer');
  const taken = await offered(url, await local, token);
  say({ event: 'accepted', resource: taken.resource, server: serverOf(taken.sdp) });
  const ready = connected(peer);
  peer.setRemoteDescription(relay ? through(taken.sdp, relay) : taken.sdp, 'answer');
  await ready;
  say({ event: 'connected', remote: peer.getSelectedCandidatePair()?.remote.port });
  const all = await play(path, peer, tracks);
  if (crash) process.exit(0);
  const ended = await fetch(taken.resource, { method: 'DELETE', headers: taken.headers });
  peer.close();
  say({ event: 'ended', status: ended.status, all });
  return all ? 0 : HUNG_UP;
}

const { values, positionals } = parseArgs({
  options: { token: { type: 'string' }, relay: { type: 'string' }, crash: { type: 'boolean' } },
  allowPositionals: true,
});
if (positionals.length !== 2) {
  console.error('usage: node sender.mjs URL FILE [--token TOKEN] [--relay HOST:PORT] [--crash]');
  process.exit(USAGE);
}
try {
  process.exitCode = await main({ url: positionals[0], path: positionals[1], ...values });
} catch (error) {
  console.error(error.message);
  process.exitCode = error instanceof Failed ? error.code : 1;
}
rtc.cleanup();
process.exit();
