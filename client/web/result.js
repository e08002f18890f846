// @ts-check
// The result: the clip and what to do with it, or why there is none.

import { showAspects } from './aspects.js';
import { $, make, put } from './dom.js';
import { link, play, unload } from './files.js';
import { request } from './server.js';
import { clock, duration, ofCode, reason as textsOf, say, sentences, stopped, texts } from './texts.js';

/** @typedef {import('./capture.js').Capture} Capture @typedef {import('./feed.js').Event} Event @typedef {import('./session.js').Session} Session */

/** @param {Capture} capture */
export function showClip(capture) {
  const { session } = capture;
  const clip = /** @type {Event} */ (session.clip);
  $('result').dataset.outcome = 'clip';
  put($('result-title'), say(texts.result.title, { window: duration(session.window_s) }));
  const from = sentences(ending(capture), say(texts.result.from, { start: clock(clip.start_s), end: clock(clip.end_s) }));
  put($('result-text'), sentences(from, checked(clip)));
  showAspects('result-aspects', session.windows.get(clip.start_s)?.aspects);
  put($('result-overall'), number(clip.best.I, 0));
  put($('result-variety'), number(clip.best.D, 0));
  put($('result-calm'), number(clip.best.MC, 3));
  play(clip.files['clip.mp4']);
  $('use').disabled = false;
  $('accepted').hidden = true;
  showHandedOn(session);
  if (clip.accepted) showAccepted(session);
}

/** What is made from the clip: a bundle for each trainer, and the report. @param {Session} session */
export function showHandedOn({ clip, bundles, report }) {
  const trainers = clip?.bundles ?? [];
  $('bundles').replaceChildren(...trainers.map((/** @type {string} */ trainer) => handedOn(trainer, bundles.get(trainer))));
  $('bundles').hidden = !trainers.length;
  $('report').hidden = !clip?.report;
  $('report').replaceChildren(reported(report));
  $('files').replaceChildren(...Object.entries({ ...clip?.files, ...report?.files }).map(([name, path]) => download(name, String(path))));
}

/** @param {Event | null} report null while it is being drawn */
function reported(report) {
  if (report === null) return make('span', texts.result.report_coming);
  if (report.error !== null) return make('span', texts.result.no_report);
  return link(texts.result.report, report.files['report.html'], { target: '_blank', rel: 'noopener' });
}

/** How many windows were checked, if some that could have won were not. @param {Event} event */
const checked = (event) => (event.checked?.complete === false ? say(texts.result.checked, event.checked) : '');

/** @param {number | null} value @param {number} digits */
const number = (value, digits) => value?.toFixed(digits) ?? '–';

/** @param {Capture} capture */
function ending({ session, cut, whip }) {
  return cut ? texts.result.cut : stopped(session.stopped?.rule ?? '', !whip);
}

/** "Use this": tell the server, then say where it is. @param {Capture} capture */
export async function accept({ name, session }) {
  $('use').disabled = true;
  try {
    await request(`api/sessions/${name}/accept`, { method: 'POST' });
    showAccepted(session);
  } catch (error) {
    $('use').disabled = false;
    throw error;
  }
}

/** @param {Session} session */
function showAccepted({ clip }) {
  $('use').disabled = true;
  put($('accepted-text'), texts.result.accepted);
  put($('accepted-path'), clip?.path ?? '');
  $('accepted').hidden = false;
}

/** @param {string} trainer @param {Event | undefined} bundle undefined while it is being written */
function handedOn(trainer, bundle) {
  const item = document.createElement('li');
  item.append(make('strong', say(texts.result.bundle, { trainer })));
  if (bundle?.error == null && bundle) item.append(make('code', bundle.path));
  else item.append(make('span', bundle?.error ?? texts.result.bundle_coming));
  for (const warning of bundle?.warnings ?? []) item.append(make('p', warning));
  return item;
}

/** @param {string} name @param {string} path */
function download(name, path) {
  const item = document.createElement('li');
  item.append(link(name, path, { download: name }), make('span', ofCode(texts.files, name)));
  return item;
}

/** @param {Event} error @param {string} code a key of texts.errors */
export function showFailure(error, code) {
  $('result').dataset.outcome = 'failed';
  put($('result-title'), texts.result.failed);
  const advice = say(texts.phrases.title_and_advice, texts.errors[/** @type {keyof typeof texts.errors} */ (code)]);
  put($('result-text'), sentences(advice, checked(error)));
  const counted = Object.entries(error.reasons ?? {}).sort(([, a], [, b]) => Number(b) - Number(a));
  $('why').replaceChildren(...counted.map(([reason, count]) => why(reason, Number(count))));
  $('why').hidden = counted.length === 0;
  $('report').hidden = true;
  unload();
}

/** @param {string} reason @param {number} count */
function why(reason, count) {
  const item = document.createElement('li');
  const counted = count === 1 ? texts.phrases.one_window : say(texts.phrases.windows, { count });
  item.append(make('strong', textsOf(reason)?.short ?? reason), make('span', counted), make('p', textsOf(reason)?.advice));
  return item;
}
