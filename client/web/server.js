// The server's addresses, relative to the page, so that it may be mounted anywhere.

/** @typedef {{ token: string | null }} Access */

export class Refusal extends Error {
  /** @param {string} code @param {string} text @param {number} retryAfter */
  constructor(code, text, retryAfter = 0) {
    super(text);
    this.code = code;
    this.retryAfter = retryAfter;
  }
}

const told = new URLSearchParams(location.hash.slice(1));

/** @type {Access} */
export const access = { token: told.get('token') };

/** The session that the page's own address names: it is followed at once. */
export const namedSession = told.get('session');

export const address = (path) => new URL(path, document.baseURI).href;

/** An address that elements and websockets can use, which send no headers. */
export function withToken(path) {
  const url = new URL(path, document.baseURI);
  if (access.token) url.searchParams.set('token', access.token);
  return url.href;
}

/** Fetch, and turn what the server refuses into a Refusal. */
export async function request(path, options = {}) {
  const headers = new Headers(options.headers);
  if (access.token) headers.set('Authorization', `Bearer ${access.token}`);
  let answer;
  try {
    answer = await fetch(address(path), { ...options, headers });
  } catch {
    throw new Refusal('unreachable', 'no answer');
  }
  if (answer.ok) return answer;
  const told = await answer.json().catch(() => ({}));
  throw new Refusal(told.code ?? 'internal', told.error ?? answer.statusText, Number(answer.headers.get('Retry-After') ?? 0));
}

export const config = async () => (await request('api/config')).json();

/** A name that nobody guesses. */
export function newName() {
  const bytes = crypto.getRandomValues(new Uint8Array(16));
  return btoa(String.fromCharCode(...bytes)).replaceAll('+', '-').replaceAll('/', '_').replaceAll('=', '');
}
