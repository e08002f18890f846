// @ts-check
// How loud the microphone is, before anything is sent.

import { $, put } from './dom.js';
import { isSilent, LevelMeter, listen, wordFor } from './loudness.js';
import { forSilence } from './mend.js';
import { stepByStep } from './steps.js';
import { texts } from './texts.js';

export { isGood } from './loudness.js';

/** A word for the loudest of the last moments. @param {number} dbfs */
export const word = (dbfs) => wordFor(texts, dbfs);

/** Show the level of a stream's sound; returns what ends it. @param {MediaStream} stream */
export function showLevel(stream) {
  const meter = new LevelMeter($('level'), $('level-word'));
  return listen(stream, (now, loudest, known) => {
    meter.draw(texts, now, loudest, known);
    put($('microphone-advice'), known && isSilent(loudest) && stepByStep() ? forSilence() : '');
  });
}
