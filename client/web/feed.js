// @ts-check
// A follower of a session's events: the present state first; made again, ever slower, when the connection is lost.

const FIRST_WAIT_MS = 500;
const LONGEST_WAIT_MS = 5000;
const VERSION = 1;
/** How a capture ends. The server closes after its last event: bundles and report are waited for, without reconnecting. */
const LAST = new Set(['clip', 'error']);
/** @type {Record<number, string>} */
const REFUSED = { 4401: 'unauthorized', 4404: 'not_found', 1013: 'full' };
const NO_TICKET = new Set(['unauthorized', 'not_found']);

/**
 * @typedef {{ type: string, v: number, time_s: number, [key: string]: any }} Event
 * @typedef {{ event: (event: Event) => void, refused: (code: string) => void, lost: (failures: number) => void, again: () => void, over?: () => void }} Reader
 * `over`: the server has closed after the capture's last event.
 */

export class Feed {
  /** @param {string} name @param {boolean} next follow the next capture, not one that is over @param {Reader} reader @param {import('./connection.js').Server} server */
  constructor(name, next, reader, server) {
    this.server = server;
    this.name = name;
    this.next = next;
    this.reader = reader;
    this.over = false;
    this.told = false;
    this.failures = 0;
    /** Counts connections: what an earlier one still brings is not heard. */
    this.turn = 0;
    /** Settles when the first connection is there, or will not be. @type {Promise<void>} */
    this.opened = new Promise((resolve) => { this.settle = resolve; });
    this.#connect();
  }

  close() {
    this.over = true;
    clearTimeout(this.timer);
    this.socket?.close();
  }

  /** Connect again at once: the network has been away, and the old connection may stay silent for long. */
  renew() {
    if (this.over || this.told) return;
    clearTimeout(this.timer);
    this.socket?.close();
    this.#connect();
  }

  async #connect() {
    const turn = (this.turn += 1);
    const path = `api/sessions/${this.name}/events`;
    const opened = await this.server.ticketed(path).catch((/** @type {import('./connection.js').Refusal} */ error) => turn === this.turn && this.#without(error));
    if (!opened || this.over || turn !== this.turn) return;
    const url = new URL(opened);
    url.protocol = url.protocol.replace('http', 'ws');
    if (this.next) url.searchParams.set('next', '1');
    this.socket = new WebSocket(url);
    this.socket.addEventListener('message', (message) => turn === this.turn && this.#take(message.data));
    this.socket.addEventListener('close', (event) => turn === this.turn && this.#closed(event.code));
  }

  /** @param {string} text */
  #take(text) {
    /** @type {Event} */
    const event = JSON.parse(text);
    if (this.over || event.v !== VERSION) return;
    if (this.failures) this.reader.again();
    this.failures = 0;
    if (event.state && event.state !== 'waiting') this.next = false;
    if (LAST.has(event.type) || event.clip || event.error) this.told = true;
    this.settle?.();
    this.reader.event(event);
  }

  /** @param {number} code */
  #closed(code) {
    const outdated = code === 4401 && this.server.token; // the server has restarted since it gave the ticket: another will do
    if (!this.told && code !== 1000) return this.#again(outdated ? undefined : REFUSED[code]);
    this.settle?.();
    if (!this.over) this.reader.over?.();
    return undefined;
  }

  /** The server gave no ticket. @param {import('./connection.js').Refusal} error */
  #without({ code }) {
    this.#again(NO_TICKET.has(code) ? code : undefined);
  }

  /** Connect again later, unless the server refuses. @param {string | undefined} refused */
  #again(refused) {
    this.settle?.();
    if (this.over) return;
    if (refused) {
      this.over = true;
      this.reader.refused(refused);
      return;
    }
    this.failures += 1;
    this.reader.lost(this.failures);
    const wait = Math.min(LONGEST_WAIT_MS, FIRST_WAIT_MS * 2 ** (this.failures - 1));
    this.timer = setTimeout(() => this.over || this.#connect(), wait);
  }
}
