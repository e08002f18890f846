// @ts-check
// The server's addresses, relative to the page, so that it may be mounted anywhere.

const ANSWER_MS = 15000;

export class Refusal extends Error {
  /** @param {string} code @param {string} text @param {number} retryAfter seconds */
  constructor(code, text = code, retryAfter = 0) {
    super(text);
    this.code = code;
    this.retryAfter = retryAfter;
  }
}

const told = new URLSearchParams(location.hash.slice(1));

/** @type {{ token: string | null }} */
export const access = { token: told.get('token') };

/** The session that the page's own address names: it is followed at once. */
export const namedSession = told.get('session');

/** What the page's address asks for, after # or after ?; nothing secret may stand after ?. @param {string} name */
export const option = (name) => told.get(name) ?? new URLSearchParams(location.search).get(name);

/** The page's options for another page of this server: access and session. @param {string} session */
export function optionsFor(session) {
  const known = new URLSearchParams();
  if (access.token) known.set('token', access.token);
  known.set('session', session);
  return `#${known}`;
}

/** Use a token, and keep it in the page's own address, so that a reload knows it. @param {string} token */
export function useToken(token) {
  access.token = token;
  told.set('token', token);
  history.replaceState(null, '', `#${told}`);
}

/** @param {string} path */
export const address = (path) => new URL(path, document.baseURI).href;

/** An address below a session for what sends no headers (websockets, elements, links): with a new ticket. @param {string} path */
export async function ticketed(path) {
  const url = new URL(path, document.baseURI);
  if (access.token) {
    const answer = await request(new URL('ticket', url).href, { method: 'POST' });
    url.searchParams.set('ticket', (await answer.json()).ticket);
  }
  return url.href;
}

/** @returns {Record<string, string>} */
export const authorization = () => (access.token ? { Authorization: `Bearer ${access.token}` } : {});

/** Fetch, and turn what the server refuses into a Refusal. @param {string} path @param {RequestInit} options */
export async function request(path, options = {}) {
  const headers = { ...authorization(), .../** @type {Record<string, string>} */ (options.headers) };
  let answer;
  try {
    answer = await fetch(address(path), { signal: AbortSignal.timeout(ANSWER_MS), ...options, headers });
  } catch {
    throw new Refusal('unreachable');
  }
  if (answer.ok) return answer;
  throw refusal(answer, await answer.json().catch(() => ({})));
}

/** @param {Response} answer @param {{ code?: string, error?: string }} body */
function refusal(answer, body) {
  const byStatus = { 401: 'unauthorized', 409: 'busy', 422: 'unsupported_media', 502: 'unreachable', 503: 'full', 504: 'unreachable' };
  const code = body.code ?? byStatus[/** @type {keyof byStatus} */ (answer.status)] ?? 'internal';
  const wait = Number(answer.headers.get('Retry-After'));
  return new Refusal(code, body.error ?? answer.statusText, Number.isFinite(wait) ? wait : 0);
}

/**
 * @typedef {{ stop_at: number | null, share: number | null, least_windows: number, floor_s: number, gain: number | null, gain_after_s: number, cap_s: number, idle_s: number }} Rules
 * @typedef {{ picture: number, window_s: number, lengths: number[], lengths_by_default: number[], encoder: string, D_range: number[] | null, stop: Rules, languages: string[], token_required: boolean, platform: boolean }} Config
 * @returns {Promise<Config>}
 */
export const config = async () => (await request('api/config')).json();

/** STUN and TURN servers, with credentials for one capture. @returns {Promise<RTCIceServer[]>} */
export const iceServers = async () => (await (await request('api/ice')).json()).ice_servers;

/** A name that cannot be guessed: 128 random bits. */
export function newName() {
  const bytes = crypto.getRandomValues(new Uint8Array(16));
  return btoa(String.fromCharCode(...bytes)).replaceAll('+', '-').replaceAll('/', '_').replaceAll('=', '');
}
