// @ts-check
// The ring: how far a capture is, from this person's typical window to the one that is needed.

import { $, put } from './dom.js';
import { clock, say, texts } from './texts.js';

/** @typedef {import('./session.js').Session} Session */

/** Show how far it is; return the same in words. @param {Session} session */
export function showRing(session) {
  const { part, number, text } = progress(session);
  const ring = $('ring');
  ring.setAttribute('aria-valuenow', String(Math.floor(part * 100)));
  ring.setAttribute('aria-valuetext', text);
  $('ring-value').style.strokeDasharray = `${(part * 100).toFixed(1)} 100`;
  put($('ring-number'), number);
  return text;
}

/** How far it is, on the way by which it stops. @param {Session} session @returns {{ part: number, number: string, text: string }} */
function progress({ rules, best, time_s, standing }) {
  const clipped = (/** @type {number} */ part) => Math.min(1, Math.max(0, part));
  if (rules.stop_at) {
    const part = clipped((best?.I ?? 0) / rules.stop_at);
    return { part, number: percent(part), text: say(texts.status.goal_score, { share: percent(part) }) };
  }
  if (rules.share) return ownProgress(rules, standing);
  const part = clipped(time_s / rules.cap_s);
  return { part, number: percent(part), text: say(texts.status.goal_time, { time: clock(time_s), cap: clock(rules.cap_s) }) };
}

/** First this person's windows until their range is known; then the way from their typical window to the one needed. @param {Session['rules']} rules @param {Session['standing']} standing */
function ownProgress({ least_windows }, standing) {
  if (standing?.reached == null) {
    const windows = Math.min(standing?.passed ?? 0, least_windows);
    return { part: windows / least_windows, number: `${windows}/${least_windows}`, text: say(texts.status.goal_learning, { windows, least: least_windows }) };
  }
  const { reached, better_than: better, windows } = standing;
  return { part: reached, number: percent(reached), text: say(texts.status.goal_own, { better, windows }) };
}

export const percent = (/** @type {number} */ share) => `${Math.floor(share * 100)}%`;
