// @ts-check
// The takes of a platform's session, and each of them as if it had just been recorded.

import { link } from './link.js';
import { request } from './server.js';
import { Session } from './session.js';

/** @typedef {import('./feed.js').Event} Event */
/**
 * @typedef {{ id: string, state: string, started: string, accepted: boolean, clip: Event | null, more_clips: Event[],
 *   stopped: Event | null, report: Event | null, error: Event | null }} Take
 * @typedef {{ name: string, session: Session, cut: boolean, taken?: boolean, whip: object | null }} Shown what a result is shown of
 */

/** The takes, the first one first. @returns {Promise<Take[]>} */
export const takesOf = async () => (await (await request(`api/sessions/${link.name}/takes`)).json()).takes;

/** What a take has left, to be shown as a result. @param {Take} take @param {import('./server.js').Config} config @returns {Shown} */
export function shownOf({ clip, more_clips, stopped, report, error }, config) {
  const session = new Session(config.stop, clip?.window_s ?? config.window_s, config.D_range);
  const about = { rules: config.stop, window_s: session.window_s, D_range: config.D_range, best: null, kept: null, windows: [] };
  session.take({ type: 'hello', v: 1, time_s: 0, state: 'ready', ...about, clip, more_clips, stopped, report, error });
  return { name: link.name, session, cut: false, whip: {} };
}

/** Whether two clip events are of the same clip. @param {Event | null} one @param {Event | null} other */
export const sameClip = (one, other) => one !== null && other !== null && one.time_s === other.time_s && one.start_s === other.start_s && one.best.I === other.best.I;
