// @ts-check
// A button that is held back as long as the server asks, with the seconds that are left on it.

import { put } from './elements.js';
import { say } from './words.js';

const EVERY_MS = 250;

/** Hold it back; returns what ends the counting. @param {HTMLButtonElement} button @param {import('./words.js').Texts} texts @param {number} seconds */
export function hold(button, texts, seconds) {
  const until = performance.now() + seconds * 1000;
  const timer = setInterval(tick, EVERY_MS);
  tick();
  return () => clearInterval(timer);

  function tick() {
    const left = Math.ceil((until - performance.now()) / 1000);
    button.disabled = left > 0;
    put(button, left > 0 ? say(texts.controls.retry_in, { seconds: left }) : texts.controls.retry);
    if (left <= 0) clearInterval(timer);
  }
}
