// @ts-check
// How loud a stream's sound is.

const FLOOR_DBFS = -60;
const QUIET_DBFS = -45;
const LOUD_DBFS = -6;
const SILENT_DBFS = -90;
const EVERY_MS = 80;
const HELD = 20;

/** RMS in dBFS. @param {Float32Array} samples */
function rms(samples) {
  const power = samples.reduce((sum, x) => sum + x * x, 0) / samples.length;
  return power ? 10 * Math.log10(power) : -Infinity;
}

/** Whether the loudest of the last moments is as it should be. @param {number} dbfs */
export const isGood = (dbfs) => dbfs >= QUIET_DBFS && dbfs <= LOUD_DBFS;

/** Whether there is nothing but silence. @param {number} dbfs */
export const isSilent = (dbfs) => dbfs < SILENT_DBFS;

/** A word for the loudest of the last moments. @param {import('./words.js').Texts} texts @param {number} dbfs */
export function wordFor(texts, dbfs) {
  if (isSilent(dbfs)) return texts.meters.level_none;
  if (dbfs < QUIET_DBFS) return texts.meters.level_quiet;
  return dbfs > LOUD_DBFS ? texts.meters.level_loud : texts.meters.level_good;
}

/**
 * Listen to a stream's sound; returns what ends it.
 * @param {MediaStream} stream @param {(now: number, loudest: number, known: boolean) => void} heard `known`: enough was heard to say a word
 */
export function listen(stream, heard) {
  const context = new AudioContext();
  const analyser = new AnalyserNode(context, { fftSize: 4096 });
  context.createMediaStreamSource(stream).connect(analyser);
  const samples = new Float32Array(analyser.fftSize);
  /** @type {number[]} */
  let recent = [];
  const wake = () => context.resume().catch(() => {}); // some browsers wait for a click
  addEventListener('pointerdown', wake);
  const timer = setInterval(() => {
    if (context.state !== 'running') return;
    analyser.getFloatTimeDomainData(samples);
    recent = [...recent, rms(samples)].slice(-HELD);
    heard(recent[recent.length - 1], Math.max(...recent), recent.length === HELD);
  }, EVERY_MS);
  return () => {
    clearInterval(timer);
    removeEventListener('pointerdown', wake);
    context.close();
    heard(-Infinity, -Infinity, false);
  };
}

/** A meter of it, with its word. The meter's first element is its bar. */
export class LevelMeter {
  saidAt = 0;

  /** @param {HTMLElement} meter @param {HTMLElement} place of the word */
  constructor(meter, place) {
    this.meter = meter;
    this.place = place;
  }

  /** @param {import('./words.js').Texts} texts @param {number} now @param {number} loudest @param {boolean} known */
  draw(texts, now, loudest, known) {
    const shown = Math.min(0, Math.max(FLOOR_DBFS, now));
    /** @type {HTMLElement} */ (this.meter.firstElementChild).style.transform = `scaleX(${1 - shown / FLOOR_DBFS})`;
    this.meter.dataset.loud = String(loudest > LOUD_DBFS);
    this.#say(known ? wordFor(texts, loudest) : '');
    this.meter.setAttribute('aria-valuenow', shown.toFixed(0));
    this.meter.setAttribute('aria-valuetext', this.place.textContent || `${shown.toFixed(0)} dB`);
  }

  /** No faster than a person can read. @param {string} word */
  #say(word) {
    if (this.place.textContent === word || (word && performance.now() - this.saidAt <= 1000)) return;
    this.saidAt = performance.now();
    this.place.textContent = word;
  }
}
