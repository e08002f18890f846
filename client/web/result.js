// @ts-check
// The result: the clip and what to do with it, or why there is none.

import { showAspects } from './aspects.js';
import { $, make, put } from './dom.js';
import { link as linkTo, play, unload } from './files.js';
import { request } from './server.js';
import { bundleOf } from './session.js';
import { stepByStep } from './steps.js';
import { clock, duration, ofCode, reason as textsOf, say, sentences, stopped, texts } from './texts.js';

/** What a file's name has more that is of another length than the first: clip-10s.mp4. */
const OF_LENGTH = /-[0-9.]+s(?=\.[a-z0-9]+$)/;

/** @typedef {import('./takes.js').Shown} Shown @typedef {import('./feed.js').Event} Event @typedef {import('./session.js').Session} Session */

/** @param {Shown} capture */
export function showClip(capture) {
  const { session } = capture;
  const clip = /** @type {Event} */ (session.clip);
  $('result').dataset.outcome = 'clip';
  show(capture, clip);
  $('use').disabled = false;
  $('accepted').hidden = true;
  if (clip.accepted) showAccepted(session);
}

/** One of the clips, and its numbers. @param {Shown} capture @param {Event} clip */
function show(capture, clip) {
  put($('result-title'), say(texts.result.title, { window: duration(lengthOf(clip)) }));
  const from = sentences(ending(capture), say(texts.result.from, { start: clock(clip.start_s), end: clock(clip.end_s) }));
  put($('result-text'), sentences(from, checked(clip)));
  const aspects = capture.session.windowOf(clip)?.aspects;
  showAspects('result-aspects', aspects);
  $('result-aspects').hidden = stepByStep() && !aspects;
  put($('result-overall'), number(clip.best.I, 0));
  put($('result-variety'), number(clip.best.D, 0));
  put($('result-calm'), number(clip.best.MC, 3));
  const [, path] = Object.entries(clip.files).find(([name]) => /^clip.*\.mp4$/.test(name)) ?? [];
  play(String(path));
  showLengths(capture, clip);
}

/** A button for each clip where there are several, and which lengths have none. @param {Shown} capture @param {Event} shown */
export function showLengths(capture, shown = /** @type {Event} */ (capture.session.clip)) {
  const clips = clipsOf(capture.session);
  const missing = capture.session.others.filter(({ type }) => type === 'no_clip');
  $('clips').replaceChildren(...clips.map((clip) => choice(clip, clip === shown, () => show(capture, clip))));
  $('clips').hidden = clips.length < 2;
  $('no-clips').replaceChildren(...missing.map((none) => make('li', say(texts.result.no_clip, { window: duration(none.window_s), text: none.text }))));
  $('no-clips').hidden = missing.length === 0;
  showHandedOn(capture.session);
}

/** @param {Event} clip @param {boolean} shown @param {() => void} chosen */
function choice(clip, shown, chosen) {
  const button = make('button', duration(lengthOf(clip)), { type: 'button', 'aria-pressed': String(shown) });
  button.addEventListener('click', chosen);
  return button;
}

/** @param {Event} clip */
const lengthOf = ({ window_s, start_s, end_s }) => window_s ?? end_s - start_s;

/** @param {Session} session */
const clipsOf = ({ clip, others }) => [clip, ...others].filter((event) => event?.type === 'clip').map((event) => /** @type {Event} */ (event));

/** What is made from the clips: a bundle for each trainer, and the report. @param {Session} session */
export function showHandedOn(session) {
  const { clip, bundles, prepared, report } = session;
  const clips = clipsOf(session);
  const wanted = clips.flatMap(({ bundles: trainers, prepare, window_s }) =>
    (trainers ?? []).map((/** @type {string} */ trainer) => ({ trainer, window_s, further: prepare?.includes(trainer) })),
  );
  const of = (/** @type {Map<string, Event>} */ events, /** @type {{ trainer: string, window_s: number }} */ { trainer, window_s }) =>
    events.get(bundleOf(trainer, window_s)) ?? events.get(bundleOf(trainer));
  $('bundles').replaceChildren(...wanted.map((each) => handedOn(each, of(bundles, each), of(prepared, each))));
  $('bundles').hidden = !wanted.length;
  $('report').hidden = !clip?.report;
  $('report').replaceChildren(reported(report));
  const files = Object.assign({}, ...clips.map((each) => each.files), report?.files);
  $('files').replaceChildren(...Object.entries(files).map(([name, path]) => download(name, String(path))));
}

/** @param {Event | null} report null while it is being drawn */
function reported(report) {
  if (report === null) return make('span', texts.result.report_coming);
  if (report.error !== null) return make('span', texts.result.no_report);
  return linkTo(texts.result.report, report.files['report.html'], { target: '_blank', rel: 'noopener' });
}

/** How many windows were checked, if some that could have won were not. @param {Event} event */
const checked = (event) => (event.checked?.complete === false ? say(texts.result.checked, event.checked) : '');

/** @param {number | null} value @param {number} digits */
const number = (value, digits) => value?.toFixed(digits) ?? '–';

/** @param {Shown} capture */
function ending({ session, cut, taken, whip }) {
  if (taken) return texts.way.taken;
  return cut ? texts.result.cut : stopped(/** @type {any} */ (session.stopped ?? { rule: '' }), !whip);
}

/** "Use this": tell the server, then say where it is. @param {Shown} shown @param {string} [take] its id, where the server keeps several */
export async function accept({ name, session }, take) {
  $('use').disabled = true;
  const body = take === undefined ? {} : { headers: { 'Content-Type': 'application/json' }, body: JSON.stringify({ take }) };
  try {
    await request(`api/sessions/${name}/accept`, { method: 'POST', ...body });
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

/**
 * @param {{ trainer: string, further: boolean }} wanted
 * @param {Event | undefined} bundle undefined while it is being written
 * @param {Event | undefined} prepared undefined while it is being prepared
 */
function handedOn({ trainer, further }, bundle, prepared) {
  const item = document.createElement('li');
  item.append(make('strong', say(texts.result.bundle, { trainer })));
  if (bundle?.error == null && bundle) item.append(make('code', bundle.path));
  else item.append(make('span', bundle?.error ?? texts.result.bundle_coming));
  for (const warning of bundle?.warnings ?? []) item.append(make('p', warning));
  if (further && bundle && bundle.error == null) item.append(make('p', preparation(prepared), { class: 'preparation' }));
  return item;
}

/** How far a bundle is prepared for training. @param {Event | undefined} prepared */
function preparation(prepared) {
  if (!prepared) return texts.result.preparing;
  if (prepared.error != null) return say(texts.result.not_prepared, { reason: prepared.error });
  const next = prepared.left[0]?.command;
  return next ? say(texts.result.prepared, { command: next }) : texts.result.prepared_wholly;
}

/** @param {string} name @param {string} path */
function download(name, path) {
  const item = document.createElement('li');
  item.append(linkTo(name, path, { download: name }), make('span', ofCode(texts.files, name.replace(OF_LENGTH, ''))));
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
  $('report').hidden = $('clips').hidden = $('no-clips').hidden = true;
  unload();
}

/** @param {string} reason @param {number} count */
function why(reason, count) {
  const item = document.createElement('li');
  const counted = count === 1 ? texts.phrases.one_window : say(texts.phrases.windows, { count });
  item.append(make('strong', textsOf(reason)?.short ?? reason), make('span', counted), make('p', textsOf(reason)?.advice));
  return item;
}
