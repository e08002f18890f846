// @ts-check
// A take5 server as a page talks to it: its addresses, what the page shows it, and what it refuses.

const ANSWER_MS = 15000;
/** @type {Record<number, string>} */
const BY_STATUS = { 401: 'unauthorized', 409: 'busy', 422: 'unsupported_media', 502: 'unreachable', 503: 'full', 504: 'unreachable' };

/**
 * @typedef {{ stop_at: number | null, share: number | null, least_windows: number, floor_s: number, gain: number | null, gain_after_s: number, cap_s: number, idle_s: number }} Rules
 * @typedef {{ picture: number, window_s: number, lengths: number[], lengths_by_default: number[], encoder: string, D_range: number[] | null, stop: Rules, languages: string[], token_required: boolean, platform: boolean }} Config
 */

export class Refusal extends Error {
  /** @param {string} code @param {string} text @param {number} retryAfter seconds */
  constructor(code, text = code, retryAfter = 0) {
    super(text);
    this.code = code;
    this.retryAfter = retryAfter;
  }
}

export class Server {
  /** @param {string} base what its addresses are relative to @param {string | null} token what it is shown */
  constructor(base, token) {
    this.base = base;
    this.token = token;
  }

  /** @param {string} path */
  address = (path) => new URL(path, this.base).href;

  /** An address below a session for what sends no headers (websockets, elements, links): with a new ticket. @param {string} path */
  ticketed = async (path) => {
    const url = new URL(path, this.base);
    if (this.token) {
      const answer = await this.request(new URL('ticket', url).href, { method: 'POST' });
      url.searchParams.set('ticket', (await answer.json()).ticket);
    }
    return url.href;
  };

  /** @returns {Record<string, string>} */
  authorization = () => (this.token ? { Authorization: `Bearer ${this.token}` } : {});

  /** Fetch, and turn what the server refuses into a Refusal. @param {string} path @param {RequestInit} options */
  request = async (path, options = {}) => {
    const headers = { ...this.authorization(), .../** @type {Record<string, string>} */ (options.headers) };
    let answer;
    try {
      answer = await fetch(this.address(path), { signal: AbortSignal.timeout(ANSWER_MS), ...options, headers });
    } catch {
      throw new Refusal('unreachable');
    }
    if (answer.ok) return answer;
    throw refusal(answer, await answer.json().catch(() => ({})));
  };

  /** @returns {Promise<Config>} */
  config = async () => (await this.request('api/config')).json();

  /** STUN and TURN servers, with credentials for one capture. @returns {Promise<RTCIceServer[]>} */
  iceServers = async () => (await (await this.request('api/ice')).json()).ice_servers;
}

/** @param {Response} answer @param {{ code?: string, error?: string }} body */
function refusal(answer, body) {
  const code = body.code ?? BY_STATUS[answer.status] ?? 'internal';
  const wait = Number(answer.headers.get('Retry-After'));
  return new Refusal(code, body.error ?? answer.statusText, Number.isFinite(wait) ? wait : 0);
}

/** A name that cannot be guessed: 128 random bits. */
export function newName() {
  const bytes = crypto.getRandomValues(new Uint8Array(16));
  return btoa(String.fromCharCode(...bytes)).replaceAll('+', '-').replaceAll('/', '_').replaceAll('=', '');
}
