// @ts-check
// One capture: its sender (this page, or another one), and the server's events about it.

import { Feed } from './feed.js';
import { Session } from './session.js';
import { Whip } from './whip.js';

/** After this many consecutive failed connections the server counts as gone. */
const GONE_AFTER = 4;

const SENT_EVERY_MS = 2000;
const LISTEN_EVERY_MS = 500;
const ANSWER_MS = 2000;
/** Servers say something each second: after this long without a word the network is away. */
const SILENT_MS = 2500;
/** After this long the server has given up, too. */
const LOST_MS = 45_000;

/**
 * @typedef {import('./connection.js').Config} Config
 * @typedef {import('./feed.js').Event} Event
 * @typedef {object} Watcher
 * @property {(event: Event) => void} event the session has taken an event
 * @property {(code: string) => void} failed it is over without a clip or an error from the server
 * @property {(kind: 'reconnecting' | 'gone' | 'back') => void} server the connection to the server
 * @property {(kind: 'shaky' | 'steady' | 'lost') => void} media the connection of picture and sound
 * @property {(sent: { width: number, height: number, fps: number }) => void} sent what this page sends
 */

export class Capture {
  /** @param {string} name @param {Config} config @param {Watcher} watcher @param {boolean} next not one that is over @param {import('./connection.js').Server} server */
  constructor(name, config, watcher, next, server) {
    this.server = server;
    this.name = name;
    this.config = config;
    this.watcher = watcher;
    this.session = new Session(config.stop, config.window_s, config.D_range);
    /** @type {Whip | null} */
    this.whip = null;
    this.answered = false;
    this.over = false;
    /** Whether anything comes from the server on the connection of picture and sound; null before it does. @type {boolean | null} */
    this.steady = null;
    /** When something last came from it. */
    this.heardAt = performance.now();
    /** The connection failed, so the clip is what there was until then. */
    this.cut = false;
    /** It goes on for one that the network has ended. */
    this.goesOn = false;
    /** Another page of the same person has ended it. */
    this.taken = false;
    this.feed = new Feed(name, next, {
      event: (event) => this.#event(event),
      refused: (code) => this.#fail(code),
      lost: (failures) => this.#lost(failures),
      again: () => watcher.server('back'),
    }, server);
  }

  /** Send from this page, and follow from the very beginning. @param {MediaStream} stream @param {string} query what the server is asked for */
  async send(stream, query = '') {
    await this.feed.opened;
    const servers = await this.server.iceServers();
    if (this.over) return;
    this.whip = new Whip(this.name, stream, servers, query, (state) => this.#connection(state), this.server);
    await this.whip.start();
    this.answered = true;
    this.#tellSent(this.whip);
    this.#listen(this.whip);
  }

  /** Notice that the network is away, or back, sooner than browsers say so. @param {Whip} whip */
  async #listen(whip) {
    while (!this.over && !whip.over) {
      if (await whip.heard().catch(() => false)) {
        this.heardAt = performance.now();
        this.#hears(true);
      } else if (this.steady !== null && this.silent_ms > SILENT_MS) {
        this.#hears(false);
        if (this.silent_ms > LOST_MS || (whip.failed && (await this.#answers()))) this.#cut();
      }
      await new Promise((resolve) => setTimeout(resolve, LISTEN_EVERY_MS));
    }
  }

  /** How long nothing has come from the server on the connection of picture and sound. */
  get silent_ms() {
    return performance.now() - this.heardAt;
  }

  /** Whether the server can be reached. */
  #answers = () => this.server.request('api/config', { signal: AbortSignal.timeout(ANSWER_MS) }).then(() => true, () => false);

  /** @param {boolean} steady */
  #hears(steady) {
    if (this.session.stopped || this.over || this.steady === steady) return;
    if (this.steady === false) this.feed.renew();
    this.steady = steady;
    this.watcher.media(steady ? 'steady' : 'shaky');
  }

  /** Say what is being sent, every few seconds: browsers send smaller pictures when they must. @param {Whip} whip */
  async #tellSent(whip) {
    while (!this.over && !whip.over) {
      const sent = await whip.sent().catch(() => null);
      if (sent && !this.over) this.watcher.sent(sent);
      await new Promise((resolve) => setTimeout(resolve, SENT_EVERY_MS));
    }
  }

  /** End it; what is best so far will come as a clip. */
  async stop() {
    try {
      await this.whip?.stop(this.cut);
    } catch (error) {
      if (/** @type {any} */ (error).code !== 'not_found') throw error; // it has ended already
    }
  }

  /** The page goes away. */
  leave() {
    this.whip?.leave();
  }

  /** The clip is there: its bundles and report may still follow. */
  hangUp() {
    this.over = true;
    this.whip?.close();
  }

  /** Let go of everything. */
  close() {
    this.over = true;
    this.feed.close();
    this.whip?.close();
  }

  /** @param {Event} event */
  #event(event) {
    const kept = this.session.take(event);
    if (!kept && this.whip) this.#fail('restarted');
    else this.watcher.event(event);
  }

  /** @param {string} code */
  #fail(code) {
    if (this.over) return;
    this.close();
    this.watcher.failed(code);
  }

  /** @param {number} failures */
  #lost(failures) {
    if (this.whip && !this.answered && failures >= GONE_AFTER) this.#fail('unreachable');
    else this.watcher.server(failures >= GONE_AFTER ? 'gone' : 'reconnecting');
  }

  /** @param {RTCPeerConnectionState} state */
  #connection(state) {
    if (this.session.stopped || this.over) return; // the server hangs up after a stop
    if (state === 'connected') this.#hears(true);
    else if (state === 'failed' && this.steady === null) this.#cut();
  }

  #cut() {
    if (this.cut || this.session.stopped || this.over) return;
    this.cut = true;
    this.feed.renew();
    this.watcher.media('lost');
    this.stop().catch(() => {}); // the server notices by itself, later
  }
}
