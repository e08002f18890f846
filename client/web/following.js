// @ts-check
// Following a name for hours: one capture after another, and again after each loss of the connection.

import { Feed } from './feed.js';
import { access } from './server.js';
import { Session } from './session.js';

const NEXT_MS = 500;
const REFUSED_MS = 30_000;

/**
 * @typedef {import('./server.js').Config} Config
 * @typedef {import('./feed.js').Event} Event
 * @typedef {object} Follower
 * @property {(session: Session, event: Event) => void} event a session has taken an event; a new one first waits for its sender
 * @property {(code: string) => void} lost the connection to the server is lost, or refused for this reason; it is tried again
 * @property {() => void} back the connection is there again
 */

export class Following {
  /** @param {string} name @param {Config} config @param {Follower} follower */
  constructor(name, config, follower) {
    this.name = name;
    this.config = config;
    this.follower = follower;
    this.over = false;
    this.lost = false;
    this.#open();
  }

  close() {
    this.over = true;
    clearTimeout(this.timer);
    this.feed?.close();
  }

  #open() {
    const { stop, window_s, D_range } = this.config;
    const session = new Session(stop, window_s, D_range);
    this.feed = new Feed(this.name, true, {
      event: (event) => this.#event(session, event),
      lost: () => this.#lost('unreachable'),
      again: () => {},
      refused: (code) => {
        this.#lost(code);
        this.#later(REFUSED_MS);
      },
      over: () => this.#later(NEXT_MS),
    }, access);
  }

  /** @param {Session} session @param {Event} event */
  #event(session, event) {
    session.take(event);
    if (this.lost) this.follower.back();
    this.lost = false;
    this.follower.event(session, event);
  }

  /** @param {string} code */
  #lost(code) {
    this.lost = true;
    this.follower.lost(code);
  }

  /** @param {number} wait_ms */
  #later(wait_ms) {
    this.timer = setTimeout(() => this.over || this.#open(), wait_ms);
  }
}
