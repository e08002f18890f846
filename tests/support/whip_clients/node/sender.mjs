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
const LEAD_MS = 100;
const FRAGMENT_BYTES = 1200;
const CNAME = 'take5';
const NTP_1970 = 2208988800;
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

/** A track of the connection. Its RTP times count from a random one. */
class Track {
  constructor(peer, kind, mid) {
    const { clock, payload, fmtp } = CODECS[kind];
    this.clock = clock;
    this.payload = payload;
    this.ssrc = 1 + Math.floor(Math.random() * 0xfffffffe);
    this.begin = Math.floor(Math.random() * 2 ** 32);
    const media = kind === 'video' ? new rtc.Video(mid, 'SendOnly') : new rtc.Audio(mid, 'SendOnly');
    if (kind === 'video') media.addH264Codec(payload, fmtp);
    else media.addOpusCodec(payload, fmtp);
    media.addSSRC(this.ssrc, CNAME, 'take5', kind);
    this.track = peer.addTrack(media);
  }

  rtp(ticks) {
    return (this.begin + ticks) >>> 0;
  }
}

/** Pictures, put into packets and sent again when asked for by libdatachannel. */
class VideoTrack extends Track {
  constructor(peer, mid) {
    super(peer, 'video', mid);
    this.config = new rtc.RtpPacketizationConfig(this.ssrc, CNAME, this.payload, this.clock);
    const packetizer = new rtc.H264RtpPacketizer('StartSequence', this.config, FRAGMENT_BYTES);
    packetizer.addToChain(new rtc.RtcpNackResponder(KEEP_PACKETS));
    this.track.setMediaHandler(packetizer);
  }

  send({ pts, data }) {
    this.config.timestamp = this.rtp(pts);
    this.track.sendMessageBinary(data);
  }
}

/**
 * Sound, a packet each, and the sender reports of both tracks: libdatachannel's own say when they were sent, which on a
 * busy machine is some milliseconds late. What a track without a handler sends goes out as it is.
 */
class AudioTrack extends Track {
  constructor(peer, mid) {
    super(peer, 'audio', mid);
    this.sequence = 0;
  }

  send({ pts, data }) {
    const header = Buffer.alloc(12);
    header.writeUInt8(0x80, 0);
    header.writeUInt8(this.payload | (this.sequence === 0 ? 0x80 : 0), 1);
    header.writeUInt16BE(this.sequence++ & 0xffff, 2);
    header.writeUInt32BE(this.rtp(pts), 4);
    header.writeUInt32BE(this.ssrc, 8);
    this.track.sendMessageBinary(Buffer.concat([header, data]));
  }

  /** Say that `track` shows what is due `seconds` after the beginning, which was `begin` seconds after 1970. */
  report(track, begin, seconds) {
    const ntp = begin + NTP_1970 + seconds;
    const report = Buffer.alloc(28);
    report.writeUInt32BE(0x80c80006, 0);
    report.writeUInt32BE(track.ssrc, 4);
    report.writeUInt32BE(Math.floor(ntp) >>> 0, 8);
    report.writeUInt32BE(Math.floor((ntp % 1) * 2 ** 32), 12);
    report.writeUInt32BE(track.rtp(Math.round(seconds * track.clock)), 16);
    const name = Buffer.alloc(4 + 4 * Math.ceil((4 + 2 + CNAME.length + 1) / 4));
    name.writeUInt32BE(0x81ca0000 + name.length / 4 - 1, 0);
    name.writeUInt32BE(track.ssrc, 4);
    name.writeUInt8(1, 8);
    name.writeUInt8(CNAME.length, 9);
    name.write(CNAME, 10);
    this.track.sendMessageBinary(Buffer.concat([report, name]));
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

async function until(due) {
  const ahead = due - now();
  if (ahead > 0) await new Promise((resolve) => setTimeout(resolve, ahead));
}

/** Send everything when it is due; false if the server has hung up. */
async function play(path, peer, tracks) {
  let open = true;
  peer.onStateChange((state) => {
    open &&= state === 'connected';
  });
  const film = [...packets(path)];
  const begin = now() + LEAD_MS;
  const since1970 = (Date.now() + LEAD_MS) / 1000;
  let reported = -1;
  for (const packet of film) {
    const track = tracks[packet.kind];
    const seconds = packet.pts / track.clock;
    await until(begin + seconds * 1000);
    if (!open) return false;
    track.send(packet);
    if (Math.floor(seconds) > reported) {
      reported = Math.floor(seconds);
      for (const each of Object.values(tracks)) tracks.audio.report(each, since1970, reported);
    }
  }
  return true;
}

async function main({ url, path, token, relay, crash }) {
  const peer = new rtc.PeerConnection('take5', { iceServers: [], disableAutoNegotiation: true });
  const tracks = { audio: new AudioTrack(peer, '0'), video: new VideoTrack(peer, '1') };
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
