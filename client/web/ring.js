// @ts-check
// The ring: how far a capture is, from this person's typical window to the one that is needed.

import { $, put } from './dom.js';
import { progress } from './meaning.js';
import { texts } from './texts.js';

/** @typedef {import('./session.js').Session} Session */

/** Show how far it is; return the same in words. @param {Session} session */
export function showRing(session) {
  const { part, number, text } = progress(texts, session);
  const ring = $('ring');
  ring.setAttribute('aria-valuenow', String(Math.floor(part * 100)));
  ring.setAttribute('aria-valuetext', text);
  $('ring-value').style.strokeDasharray = `${(part * 100).toFixed(1)} 100`;
  put($('ring-number'), number);
  return text;
}
