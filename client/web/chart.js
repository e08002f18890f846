// @ts-check
// The running chart over the session's time: I of each window at its end, small below it D and calm; the best marked.

import { put, shape } from './dom.js';
import { clock, say, texts } from './texts.js';

/** @typedef {import('./session.js').Session} Session @typedef {import('./session.js').Window} Window */
/** @typedef {(window: Window) => number | null} Value */
/** @typedef {{ top: number, height: number, low: number, high: number }} Panel */

const LEFT = 56;
const RIGHT = 12;
const SHORTEST_S = 60;
const TICKS_S = [10, 15, 30, 60, 120, 300, 600, 1800, 3600];
const ROWS = { overall: { top: 16, height: 96 }, marks: 126, variety: { top: 142, height: 24 }, calm: { top: 176, height: 24 }, axis: 218, height: 226 };

/** @type {Value} */ const overall = (window) => (window.eligible ? window.I : null);
/** @type {Value} */ const variety = (window) => window.D;
/** @type {Value} */ const calm = (window) => (window.MC == null ? null : -window.MC);

export class Chart {
  /** @param {SVGSVGElement} svg @param {HTMLElement} caption */
  constructor(svg, caption) {
    this.svg = svg;
    this.caption = caption;
    /** @type {Session | null} */
    this.session = null;
    this.width = 0;
    new ResizeObserver(([entry]) => this.#resize(entry.contentRect.width)).observe(svg);
  }

  /** @param {Session} session */
  show(session) {
    this.session = session;
    put(this.caption, caption(session));
    this.#draw();
  }

  /** @param {number} width */
  #resize(width) {
    if (!width || width === this.width) return;
    this.width = width;
    this.svg.setAttribute('viewBox', `0 0 ${width} ${ROWS.height}`);
    this.#draw();
  }

  #draw() {
    if (!this.session || !this.width) return;
    const { session } = this;
    const windows = [...session.windows.values()].sort((a, b) => a.start_s - b.start_s);
    const until = Math.max(SHORTEST_S, session.time_s);
    const x = (/** @type {number} */ time_s) => LEFT + ((this.width - LEFT - RIGHT) * time_s) / until;
    const end = (/** @type {Window} */ window) => x(window.start_s + session.window_s);
    this.svg.replaceChildren(
      ...axis(x, until, this.width),
      ...bestBand(session, x),
      ...goal(session, windows, this.width),
      ...row(windows, calm, panel(windows, calm, ROWS.calm), end, 'small', texts.chart.calm),
      ...row(windows, variety, panel(windows, variety, ROWS.variety), end, 'small', texts.chart.variety),
      ...row(windows, overall, overallPanel(session, windows), end, 'main', texts.chart.overall),
      ...marks(windows, end),
      ...bestPoint(session, windows, end),
    );
  }
}

/** The scale that holds all values, and some air. @param {Window[]} windows @param {Value} value @param {{ top: number, height: number }} place @param {number[]} others @returns {Panel} */
function panel(windows, value, place, others = []) {
  const values = [...windows.map(value).filter((known) => known != null), ...others].map(Number);
  const [low, high] = values.length ? [Math.min(...values), Math.max(...values)] : [0, 1];
  const air = (high - low) * 0.12 || Math.abs(high) * 0.1 || 1;
  return { ...place, low: low - air, high: high + air };
}

/** @param {Session} session @param {Window[]} windows */
const overallPanel = (session, windows) => panel(windows, overall, ROWS.overall, session.goal ? [session.goal] : []);

/** @param {Panel} at @param {number} value */
const y = (at, value) => at.top + at.height * (1 - (value - at.low) / (at.high - at.low));

/** A line with gaps where there is no value, and its name. @param {Window[]} windows @param {Value} value @param {Panel} at @param {(window: Window) => number} end @param {string} kind @param {string} name */
function row(windows, value, at, end, kind, name) {
  let pen = 'M';
  let path = '';
  for (const window of windows) {
    const known = value(window);
    if (known != null) path += `${pen}${end(window).toFixed(1)} ${y(at, known).toFixed(1)}h.01`;
    pen = known == null ? 'M' : 'L';
  }
  return [shape('text', { x: 0, y: at.top + at.height / 2, class: 'name' }, name), shape('path', { d: path, class: `line ${kind}` })];
}

/** Below the line: what does not count, and what was not scored. @param {Window[]} windows @param {(window: Window) => number} end */
function marks(windows, end) {
  return windows.flatMap((window) => {
    const x = end(window);
    if (window.eligible === false) return [shape('path', { d: `M${x - 2.5} ${ROWS.marks - 2.5}l5 5m0-5l-5 5`, class: 'ineligible' })];
    return window.I == null ? [shape('circle', { cx: x, cy: ROWS.marks, r: 2.5, class: 'unscored' })] : [];
  });
}

/** @param {Session} session @param {(time_s: number) => number} x */
function bestBand({ best, window_s }, x) {
  if (!best) return [];
  const [from, to] = [x(best.start_s), x(best.start_s + window_s)];
  return [shape('rect', { x: from, y: 4, width: to - from, height: ROWS.calm.top + ROWS.calm.height - 4, rx: 5, class: 'band' })];
}

/** @param {Session} session @param {Window[]} windows @param {(window: Window) => number} end */
function bestPoint(session, windows, end) {
  const best = windows.find((window) => window.start_s === session.best?.start_s);
  if (!best || best.I == null) return [];
  return [shape('circle', { cx: end(best), cy: y(overallPanel(session, windows), best.I), r: 5.5, class: 'point' })];
}

/** @param {Session} session @param {Window[]} windows @param {number} width */
function goal(session, windows, width) {
  if (!session.goal) return [];
  const at = y(overallPanel(session, windows), session.goal);
  return [shape('line', { x1: LEFT, x2: width - RIGHT, y1: at, y2: at, class: 'goal' }), shape('text', { x: width - RIGHT, y: at - 5, class: 'goal-name' }, texts.chart.goal)];
}

/** @param {(time_s: number) => number} x @param {number} until @param {number} width */
function axis(x, until, width) {
  const step = TICKS_S.find((seconds) => x(seconds) - x(0) > 44) ?? 7200;
  const drawn = [shape('line', { x1: LEFT, x2: width - RIGHT, y1: ROWS.axis - 12, y2: ROWS.axis - 12, class: 'axis' })];
  for (let time_s = 0; time_s <= until; time_s += step) drawn.push(shape('text', { x: x(time_s), y: ROWS.axis, class: 'time' }, clock(time_s)));
  return drawn;
}

/** @param {Session} session */
function caption({ windows, best, window_s }) {
  const scored = [...windows.values()].filter((window) => window.eligible && window.I != null).length;
  if (best) return say(texts.chart.best, { scored, start: clock(best.start_s), end: clock(best.start_s + window_s), score: Math.round(best.I) });
  return windows.size ? say(texts.chart.none, { scored, others: windows.size - scored }) : texts.chart.empty;
}
