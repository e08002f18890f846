// @ts-check
// Every text that a person reads, in the language of the browser or of a platform's session: the server has one file per language.

import { look, wanted } from './link.js';
import { option, request } from './server.js';
import { preferred, Words } from './words.js';

export { clock, ofCode, preferred, say } from './words.js';

const RELOAD_MS = 5000;

/** @typedef {import('./words.js').Texts} Texts */

/** @returns {Promise<Texts>} */
async function load() {
  const config = await request('api/config').then((answer) => answer.json());
  await look(config).catch(() => {}); // it is asked again when there are texts to say why
  const asked = [option('lang') ?? '', ...wanted(), ...navigator.languages];
  const language = preferred(asked, config.languages) ?? 'en';
  return request(`texts/${language}.json`).then((answer) => answer.json());
}

/** Without texts there is no page: say so, and offer to load it again; where no one can press a button, load it. @returns {Promise<never>} */
function unreachable() {
  const place = (/** @type {string} */ id) => /** @type {HTMLElement} */ (document.getElementById(id));
  if (!place('problem')) {
    setTimeout(() => location.reload(), RELOAD_MS);
    return new Promise(() => {});
  }
  place('problem-title').textContent = 'The server does not answer';
  place('problem-advice').textContent = 'Check that it is running and that you are connected, then try again.';
  place('retry').textContent = 'Try again';
  place('retry').addEventListener('click', () => location.reload());
  place('problem').hidden = place('retry').hidden = false;
  return new Promise(() => {});
}

export const texts = await load().catch(unreachable);

export const words = new Words(texts);
export const { advice, duration, reason, reasons, sentences, span, stopped } = words;
