// The running chart: one bar a window, the best marked, the threshold as a line.

import { CHART, clock } from './texts.js';

const WIDTH = 600;
const HEIGHT = 150;
const FOOT = 18;
const SHOWN = 120;
const NS = 'http://www.w3.org/2000/svg';

export class Chart {
  /** @param {SVGSVGElement} svg @param {HTMLElement} text */
  constructor(svg, text) {
    this.svg = svg;
    this.text = text;
    svg.setAttribute('viewBox', `0 0 ${WIDTH} ${HEIGHT}`);
    this.clear(null);
  }

  clear(stopAt) {
    this.windows = new Map();
    this.stopAt = stopAt;
    this.best = null;
    this.text.textContent = CHART.empty;
    this.#draw();
  }

  add(...windows) {
    for (const window of windows) this.windows.set(window.start_s, window);
    this.#draw();
  }

  mark(best) {
    this.best = best;
    if (best) this.text.textContent = CHART.best(clock(best.start_s), Math.round(best.I));
    this.#draw();
  }

  #draw() {
    const shown = [...this.windows.values()].sort((a, b) => a.start_s - b.start_s).slice(-SHOWN);
    const scores = shown.filter((window) => window.eligible).map((window) => window.I);
    const top = Math.max(this.stopAt ?? 0, ...scores, 1) * 1.12;
    const step = WIDTH / Math.max(30, shown.length);
    const y = (score) => (HEIGHT - FOOT) * (1 - score / top);
    const parts = shown.flatMap((window, index) => this.#bar(window, index * step, step, y));
    if (this.stopAt) parts.push(line(y(this.stopAt)));
    parts.push(...labels(shown, step));
    this.svg.replaceChildren(...parts);
  }

  #bar(window, x, step, y) {
    const best = this.best?.start_s === window.start_s;
    const kind = window.eligible ? (best ? 'best' : 'scored') : window.eligible === false ? 'rejected' : 'unscored';
    const top = window.eligible ? y(window.I) : HEIGHT - FOOT - 6;
    const bar = element('rect', { x: x + step * 0.12, y: top, width: step * 0.76, height: Math.max(1, HEIGHT - FOOT - top), rx: Math.min(3, step * 0.3), class: kind });
    if (!best) return [bar];
    const star = element('text', { x: Math.min(WIDTH - 8, Math.max(8, x + step / 2)), y: Math.max(12, top - 5), class: 'star' });
    star.textContent = '★';
    return [bar, star];
  }
}

function line(y) {
  return element('line', { x1: 0, x2: WIDTH, y1: y, y2: y, class: 'goal' });
}

function labels(shown, step) {
  return shown.flatMap((window, index) => {
    if (window.start_s % 10) return [];
    const label = element('text', { x: index * step + step / 2, y: HEIGHT - 4, class: 'time' });
    label.textContent = clock(window.start_s);
    return [label];
  });
}

function element(name, attributes) {
  const made = document.createElementNS(NS, name);
  for (const [key, value] of Object.entries(attributes)) made.setAttribute(key, typeof value === 'number' ? value.toFixed(1) : value);
  return made;
}
