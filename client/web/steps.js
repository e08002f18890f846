// @ts-check
// What the page shows, and where that is on a person's way from welcome to done.

import { $, put } from './dom.js';
import { say, texts } from './texts.js';

/** @typedef {'welcome' | 'consent' | 'spoken' | 'refused' | 'setup' | 'live' | 'result' | 'done' | 'closed'} Stage */

/** @type {Record<Stage, string>} The step that each stage belongs to. */
const STEPS = { welcome: 'welcome', consent: 'consent', spoken: 'consent', refused: 'consent', setup: 'devices', live: 'recording', result: 'review', done: 'done', closed: '' };

/** Whether a platform's person goes through the page step by step. */
export const stepByStep = () => document.body.dataset.way !== undefined;

/** Show a stage. @param {Stage} name @param {string} focus the id of what gets the focus */
export function stage(name, focus = '') {
  document.body.dataset.stage = name;
  const step = mark(STEPS[name]);
  if (name === 'live') document.title = `● ${$('live-title').textContent} – take5`;
  else document.title = step ? say(texts.way.title, { step }) : 'take5';
  if (focus) $(focus).focus({ preventScroll: true });
  scrollTo(0, 0); // on a phone the button that was pressed is below the picture and what there is to read
}

/** Mark a step as the present one; its name where there are steps. @param {string} step */
function mark(step) {
  $('steps').hidden = !stepByStep() || !step;
  let name = '';
  for (const item of $('steps').querySelectorAll('li')) {
    if (item.dataset.step === step) item.setAttribute('aria-current', 'step');
    else item.removeAttribute('aria-current');
    if (item.dataset.step === step && stepByStep()) name = item.textContent ?? '';
  }
  return name;
}

/** Lead through the steps from now on. @param {boolean} consent whether the person's consent is one of them */
export function leadThrough(consent) {
  document.body.dataset.way = '';
  /** @type {HTMLElement} */ ($('steps').querySelector('[data-step="consent"]')).hidden = !consent;
  put($('chosen'), texts.way.chosen);
}
