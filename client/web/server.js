// @ts-check
// The server that this page came from: its addresses are relative to the page, so that it may be mounted anywhere.

import { Server } from './connection.js';

export { newName, Refusal } from './connection.js';

/** @typedef {import('./connection.js').Rules} Rules @typedef {import('./connection.js').Config} Config */

const told = new URLSearchParams(location.hash.slice(1));

export const access = new Server(document.baseURI, told.get('token'));
export const { address, authorization, config, iceServers, request, ticketed } = access;

/** The session that the page's own address names: it is followed at once. */
export const namedSession = told.get('session');

/** What the page's address asks for, after # or after ?; nothing secret may stand after ?. @param {string} name */
export const option = (name) => told.get(name) ?? new URLSearchParams(location.search).get(name);

/** The options of another page of this server: access and session. @param {string} session @param {string | null} token by default the page's own */
export function optionsFor(session, token = access.token) {
  const known = new URLSearchParams();
  if (token) known.set('token', token);
  known.set('session', session);
  return `#${known}`;
}

/** Use a token, and keep it in the page's own address, so that a reload knows it. @param {string} token */
export function useToken(token) {
  access.token = token;
  told.set('token', token);
  history.replaceState(null, '', `#${told}`);
}
