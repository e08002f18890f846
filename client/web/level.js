// @ts-check
// How loud the microphone is, before anything is sent.

import { $, put } from './dom.js';
import { forSilence } from './mend.js';
import { stepByStep } from './steps.js';
import { texts } from './texts.js';

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

/** A word for the loudest of the last moments. @param {number} dbfs */
export function word(dbfs) {
  if (dbfs < SILENT_DBFS) return texts.meters.level_none;
  if (dbfs < QUIET_DBFS) return texts.meters.level_quiet;
  return dbfs > LOUD_DBFS ? texts.meters.level_loud : texts.meters.level_good;
}

/** Show the level of a stream's sound; returns what ends it. @param {MediaStream} stream */
export function showLevel(stream) {
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
    draw(recent[recent.length - 1], Math.max(...recent), recent.length === HELD);
  }, EVERY_MS);
  return () => {
    clearInterval(timer);
    removeEventListener('pointerdown', wake);
    context.close();
    draw(-Infinity, -Infinity, false);
  };
}

/** @param {number} now @param {number} loudest @param {boolean} known enough was heard to say a word */
function draw(now, loudest, known) {
  const meter = $('level');
  const shown = Math.min(0, Math.max(FLOOR_DBFS, now));
  meter.firstElementChild.style.transform = `scaleX(${1 - shown / FLOOR_DBFS})`;
  put($('microphone-advice'), known && loudest < SILENT_DBFS && stepByStep() ? forSilence() : '');
  meter.dataset.loud = String(loudest > LOUD_DBFS);
  if (!known) put($('level-word'), '');
  else if (performance.now() - saidAt > 1000 && $('level-word').textContent !== word(loudest)) {
    saidAt = performance.now();
    put($('level-word'), word(loudest));
  }
  meter.setAttribute('aria-valuenow', shown.toFixed(0));
  meter.setAttribute('aria-valuetext', $('level-word').textContent || `${shown.toFixed(0)} dB`);
}

let saidAt = 0;
