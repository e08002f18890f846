// A follower of a session's events: the present state first; made again when the connection is lost.

import { withToken } from './server.js';

const FIRST_WAIT_MS = 500;
const LONGEST_WAIT_MS = 5000;
const LAST = new Set(['clip', 'error']);
const REFUSED = { 4401: 'unauthorized', 4404: 'not_found', 1013: 'full' };

export class Feed extends EventTarget {
  /** @param {string} name @param {boolean} next follow the next capture, not one that is over */
  constructor(name, next = false) {
    super();
    this.name = name;
    this.next = next;
    this.over = false;
    this.failures = 0;
    this.#connect();
  }

  close() {
    this.over = true;
    this.socket?.close();
  }

  #connect() {
    const url = new URL(withToken(`api/sessions/${this.name}/events`));
    url.protocol = url.protocol.replace('http', 'ws');
    if (this.next) url.searchParams.set('next', '1');
    this.socket = new WebSocket(url);
    this.socket.addEventListener('message', (message) => this.#take(JSON.parse(message.data)));
    this.socket.addEventListener('close', (event) => this.#closed(event));
  }

  #take(event) {
    this.failures = 0;
    if (event.type === 'hello' && event.state !== 'waiting') this.next = false;
    if (LAST.has(event.type)) this.over = true;
    this.dispatchEvent(new CustomEvent('event', { detail: event }));
  }

  #closed({ code }) {
    if (this.over || code === 1000) return;
    if (REFUSED[code]) {
      this.over = true;
      this.dispatchEvent(new CustomEvent('refused', { detail: REFUSED[code] }));
      return;
    }
    this.failures += 1;
    this.dispatchEvent(new CustomEvent('lost', { detail: this.failures }));
    setTimeout(() => this.over || this.#connect(), Math.min(LONGEST_WAIT_MS, FIRST_WAIT_MS * 2 ** (this.failures - 1)));
  }
}
