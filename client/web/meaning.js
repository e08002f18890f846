// @ts-check
// What a session's state means for the person talking, and how far it is, in words.

import { clock, ofCode, percent, say } from './words.js';

/** @typedef {import('./session.js').Session} Session @typedef {import('./words.js').Words} Words @typedef {import('./words.js').Texts} Texts */

/** @param {Words} words @param {Session} session @param {boolean} external another sender sends */
export function meaning(words, session, external) {
  const { states, stalled, status } = words.texts;
  const ending = session.checked?.complete === false ? say(status.checking, session.checked) : states.stopping;
  if (session.stopped) return words.sentences(words.stopped(/** @type {any} */ (session.stopped), external), ending);
  if (session.state === 'stopping') return ending;
  if (!session.begun) return external ? states.waiting : states.connecting;
  if (session.state === 'connecting') return states.connecting;
  if (session.stalled) return ofCode(stalled, session.stalled.cause ?? session.stalled.track) || stalled.both;
  return session.idling ? say(status.idle, { window: words.duration(session.window_s) }) : judged(words, session);
}

/** @param {Words} words @param {Session} session */
function judged(words, { latest, best, window_s, checked }) {
  const { status } = words.texts;
  if (!latest) return say(status.begin, { window: words.duration(window_s) });
  if (latest.eligible === false) return say(status.ineligible, { reasons: words.reasons(latest.reasons.map(({ code }) => code)) });
  if (latest.I == null) return checked ? say(status.checked, checked) : status.not_scored;
  return best && best.start_s === latest.start_s ? say(status.best, { time: clock(best.start_s) }) : status.talk;
}

/** How far it is, on the way by which it stops. @param {Texts} texts @param {Session} session @returns {{ part: number, number: string, text: string }} */
export function progress({ status }, { rules, best, time_s, standing }) {
  const clipped = (/** @type {number} */ part) => Math.min(1, Math.max(0, part));
  if (rules.stop_at) {
    const part = clipped((best?.I ?? 0) / rules.stop_at);
    return { part, number: percent(part), text: say(status.goal_score, { share: percent(part) }) };
  }
  if (rules.share) return ownProgress(status, rules, standing);
  const part = clipped(time_s / rules.cap_s);
  return { part, number: percent(part), text: say(status.goal_time, { time: clock(time_s), cap: clock(rules.cap_s) }) };
}

/** First this person's windows until their range is known; then the way from their typical window to the one needed. @param {Texts['status']} status @param {Session['rules']} rules @param {Session['standing']} standing */
function ownProgress(status, { least_windows }, standing) {
  if (standing?.reached == null) {
    const windows = Math.min(standing?.passed ?? 0, least_windows);
    return { part: windows / least_windows, number: `${windows}/${least_windows}`, text: say(status.goal_learning, { windows, least: least_windows }) };
  }
  const { reached, better_than: better, windows } = standing;
  return { part: reached, number: percent(reached), text: say(status.goal_own, { better, windows }) };
}
