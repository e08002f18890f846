// @ts-check
// Every text that a person reads, in the language of the browser or of a platform's session: the server has one file per language.

import { look, wanted } from './link.js';
import { option, request } from './server.js';

const RELOAD_MS = 5000;

/** @typedef {typeof import('../../stream/texts/en.json')} Texts */

/** Minutes and seconds, as 0:07. @param {number} seconds */
export function clock(seconds) {
  const whole = Math.max(0, Math.floor(seconds + 1e-6));
  return `${Math.floor(whole / 60)}:${String(whole % 60).padStart(2, '0')}`;
}

/** The first of the wanted languages that is among the known ones. @param {readonly string[]} wanted @param {string[]} known */
export function preferred(wanted, known) {
  const spoken = wanted.map((tag) => tag.split('-')[0]);
  return spoken.map((tag) => known.find((language) => language.split('-')[0] === tag)).find(Boolean);
}

/** Fill values into a text's {names}; nothing for a text that is missing. @param {string | undefined} text @param {Record<string, string | number>} values */
export function say(text, values = {}) {
  return (text ?? '').replace(/\{(\w+)\}/g, (_, name) => String(values[name]));
}

/** @returns {Promise<Texts>} */
async function load() {
  const config = await request('api/config').then((answer) => answer.json());
  await look(config).catch(() => {}); // it is asked again when there are texts to say why
  const asked = [option('lang') ?? '', ...wanted(), ...navigator.languages];
  const language = preferred(asked, config.languages) ?? 'en';
  return request(`texts/${language}.json`).then((answer) => answer.json());
}

/** Without texts there is no page: say so, and offer to load it again; where nobody could press that, do so. @returns {Promise<never>} */
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

/** The length of a window, as "five seconds". @param {number} seconds */
export const duration = (seconds) => (seconds === 5 ? texts.phrases.five_seconds : say(texts.phrases.seconds, { count: seconds }));

/** A time that need not be exact, in whole minutes if it is long. @param {number} seconds */
export const span = (seconds) => (seconds < 120 ? say(texts.phrases.seconds, { count: Math.round(seconds) }) : say(texts.phrases.minutes, { count: Math.round(seconds / 60) }));

/** Short texts of findings, each once. @param {string[]} codes */
export const reasons = (codes) => [...new Set(codes.map((code) => reason(code)?.short ?? code))].join(texts.phrases.list_separator);

/** @param {string} code @returns {{ short: string, advice: string } | undefined} */
export const reason = (code) => texts.reasons[/** @type {keyof Texts['reasons']} */ (code)];

/** The text of a code; nothing for one of a later server. @param {Record<string, string>} group @param {string} code @param {Record<string, string | number>} values */
export const ofCode = (group, code, values = {}) => say(group[code], values);

/** Why a capture stopped. @param {{ rule: string, numbers?: { expected?: number | null } }} event @param {boolean} external another sender sent it */
export function stopped({ rule, numbers }, external) {
  if (rule === 'ended' && external) return texts.stopped.ended_outside;
  return ofCode(texts.stopped, rule === 'threshold' && numbers?.expected == null ? 'stop_at' : rule);
}

/** Two sentences after each other. @param {string} first @param {string} second */
export const sentences = (first, second) => say(texts.phrases.sentences, { first, second }).trim();
