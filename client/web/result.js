// @ts-check
// What came of it: the clip and what to do with it, or why there is none.

import { $, make, put } from './dom.js';
import { request, withToken } from './server.js';
import { clock, say, texts } from './texts.js';

/** @typedef {import('./capture.js').Capture} Capture @typedef {import('./feed.js').Event} Event @typedef {import('./session.js').Session} Session */

/** @param {Capture} capture */
export function showClip(capture) {
  const { session } = capture;
  const clip = /** @type {Event} */ (session.clip);
  $('result').dataset.outcome = 'clip';
  put($('result-title'), texts.result.title(session));
  put($('result-text'), `${reason(capture)} ${texts.result.from(clock(clip.start_s), clock(clip.end_s))}`);
  put($('result-overall'), number(clip.best.I, 0));
  put($('result-variety'), number(clip.best.D, 0));
  put($('result-calm'), number(clip.best.MC, 3));
  $('clip').src = withToken(clip.files['clip.mp4']);
  $('clip').play().catch(() => {}); // a browser that waits for a click
  $('use').disabled = false;
  $('accepted').hidden = true;
  showHandedOn(session);
  if (clip.accepted) showAccepted(session);
}

/** What comes of the clip: a bundle for each trainer, and the report. @param {Session} session */
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
  if (report === null) return make('span', texts.result.reportComing);
  if (report.error !== null) return make('span', texts.result.noReport);
  return make('a', texts.result.report, { href: withToken(report.files['report.html']), target: '_blank', rel: 'noopener' });
}

/** @param {number | null} value @param {number} digits */
const number = (value, digits) => value?.toFixed(digits) ?? '–';

/** @param {Capture} capture */
function reason({ session, cut, whip }) {
  if (cut) return texts.result.cut;
  const rule = session.stopped?.rule ?? '';
  return say(texts.stoppedAs[/** @type {keyof typeof texts.stoppedAs} */ (rule === 'ended' && !whip ? 'endedOutside' : rule)]);
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
  item.append(make('strong', texts.result.bundle(trainer)));
  if (bundle?.error == null && bundle) item.append(make('code', bundle.path));
  else item.append(make('span', bundle?.error ?? texts.result.bundleComing));
  for (const warning of bundle?.warnings ?? []) item.append(make('p', warning));
  return item;
}

/** @param {string} name @param {string} path */
function download(name, path) {
  const item = document.createElement('li');
  const link = make('a', name, { href: withToken(path), download: name });
  item.append(link, make('span', texts.files[/** @type {keyof typeof texts.files} */ (name)] ?? ''));
  return item;
}

/** @param {Event} error @param {string} code a key of texts.problem */
export function showFailure(error, code) {
  const [title, advice] = texts.problem[/** @type {keyof typeof texts.problem} */ (code)];
  $('result').dataset.outcome = 'failed';
  put($('result-title'), texts.result.failed);
  put($('result-text'), `${title}. ${advice}`);
  const counted = Object.entries(error.reasons ?? {}).sort(([, a], [, b]) => Number(b) - Number(a));
  $('why').replaceChildren(...counted.map(([reason, count]) => why(reason, Number(count))));
  $('why').hidden = counted.length === 0;
  $('report').hidden = true;
  closeClip();
}

/** @param {string} reason @param {number} count */
function why(reason, count) {
  const key = /** @type {keyof typeof texts.reasons} */ (reason);
  const item = document.createElement('li');
  item.append(make('strong', texts.reasons[key] ?? reason), make('span', texts.result.windows(count)), make('p', texts.advice[key] ?? ''));
  return item;
}

export function closeClip() {
  $('clip').removeAttribute('src');
  $('clip').load();
}
