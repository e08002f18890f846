// @ts-check
// Numbers while it records: the latest window, the ring of progress, and what is best so far.

import { showAspects } from './aspects.js';
import { $, put } from './dom.js';
import { showRing } from './ring.js';
import { stepByStep } from './steps.js';
import { clock, say, texts } from './texts.js';
import { percent } from './words.js';

/** @typedef {import('./session.js').Session} Session */

const JERKY = [0.3, 0.08];
const HEADROOM = 1.15;

/** Show what is known of a session. @param {Session} session */
export function show(session) {
  showAspects('aspects', session.latest?.aspects);
  showWindow(session);
  showProgress(session);
  showBest(session);
  put($('clock'), clock(session.time_s));
}

/** @param {Session} session */
function showWindow({ latest, goal, D_range, windows }) {
  const scores = [...windows.values()].map((window) => window.I ?? 0);
  const top = HEADROOM * Math.max(goal ?? 0, ...scores, 1);
  const known = latest?.I != null;
  meter('overall', latest?.I, (latest?.I ?? 0) / top, (value) => overall(value, goal), 0);
  meter('variety', latest?.D, variety(latest?.D ?? 0, D_range, windows), (value) => say(texts.meters.variety, { value: value.toFixed(0) }), 0);
  meter('calm', latest?.MC, known ? share(/** @type {number} */ (latest?.MC), JERKY) : 0, (value) => say(texts.meters.calm, { value: value.toFixed(3) }), 3);
  put($('verdict'), verdict(latest));
}

/** @param {number} value @param {number | null} goal */
function overall(value, goal) {
  if (!goal) return say(texts.meters.overall, { value: Math.round(value) });
  return say(texts.meters.overall_goal, { value: Math.round(value), goal: Math.round(goal) });
}

/** @param {number} value @param {number[]} range */
const share = (value, [from, to]) => (value - from) / (to - from);

/** A share of what people reach, or of the best so far where the encoder's scale is not known. @param {number} D @param {number[] | null} range @param {Session['windows']} windows */
function variety(D, range, windows) {
  if (range) return share(D, range);
  return D / (HEADROOM * Math.max(...[...windows.values()].map((window) => window.D), 1e-9));
}

/** @param {Session['latest']} latest */
function verdict(latest) {
  if (latest?.eligible === false) return texts.meters.ineligible;
  return latest && latest.I == null ? texts.meters.not_scored : '';
}

/** @param {string} name @param {number | null | undefined} value @param {number} part @param {(value: number) => string} words @param {number} digits */
function meter(name, value, part, words, digits) {
  const bar = $(`meter-${name}`);
  const shown = value == null ? 0 : Math.min(1, Math.max(0, part));
  bar.firstElementChild.style.transform = `scaleX(${shown})`;
  bar.setAttribute('aria-valuenow', String(Math.round(shown * 100)));
  bar.setAttribute('aria-valuetext', value == null ? texts.meters.no_window : words(value));
  put($(`number-${name}`), value == null ? '–' : value.toFixed(digits));
}

/** @param {Session} session */
function showProgress(session) {
  const { rules, gain } = session;
  put($('goal'), showRing(session));
  put($('gain'), gainText(rules, gain));
}

/** @param {Session['rules']} rules @param {number | null} gain */
function gainText(rules, gain) {
  if (gain == null) return rules.stop_at || rules.share ? '' : texts.meters.gain_unknown;
  const text = rules.gain ? texts.meters.gain_limit : texts.meters.gain;
  return say(text, { gain: percent(Math.expm1(gain)), limit: percent(Math.expm1(rules.gain ?? 0)) });
}

/** What a platform's person reads. @param {boolean | null} saved */
const withoutScore = (saved) => (saved ? texts.way.best_kept : texts.way.best);

/** @param {Session} session */
function showBest({ best, kept, window_s }) {
  const span = best && { start: clock(best.start_s), end: clock(best.start_s + window_s), score: Math.round(best.I) };
  const saved = kept && kept.start_s === best?.start_s;
  const text = stepByStep() ? withoutScore(saved) : saved ? texts.meters.best_kept : texts.meters.best;
  put($('best'), span ? say(text, span) : texts.status.nothing_yet);
}
