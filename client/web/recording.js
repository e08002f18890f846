// @ts-check
// A recording: what is sent or followed, and what the server says of it, until there is a result.

import { askBeforeLeaving, mayRest, stayAwake } from './awake.js';
import { Capture } from './capture.js';
import { $, put } from './dom.js';
import { codeOf } from './errors.js';
import { allowed, link } from './link.js';
import * as meters from './meters.js';
import { meaning } from './narrator.js';
import { camera, chart, coach, end, lengths, narrator, on, onlyProblem, page, problem, prompter, review, watch } from './parts.js';
import * as result from './result.js';
import { senderName } from './sender.js';
import { access, newName, request } from './server.js';
import { setUp } from './setup.js';
import { stage, stepByStep } from './steps.js';
import { say, texts } from './texts.js';
import { showWarning } from './warnings.js';

/** @typedef {import('./feed.js').Event} Event */

/** Why no sender may begin: the person is at another step by now. */
const CLOSED = new Set(['accepted', 'consent_missing']);

export async function start() {
  if (!camera.stream) return;
  const capture = link.platform ? follow(link.name, true) : follow(newName(), false);
  stayAwake(() => capture === page.capture);
  if (stepByStep()) askBeforeLeaving();
  try {
    await capture.send(camera.stream, lengths.query);
  } catch (error) {
    if (capture === page.capture) giveUp(error, start);
  }
}

/** Wait for another sender's capture, or follow the one that the page's address names. @param {boolean} next */
export function followSender(next) {
  follow(senderName(), next);
}

/** @param {string} name @param {boolean} next */
export function follow(name, next) {
  problem.clear();
  end();
  page.asked = false;
  $('stop').disabled = false;
  put($('sent'), '');
  put($('live-title'), liveTitle(name));
  put($('stop'), page.external ? texts.page.unfollow : texts.page.stop);
  const [window_s] = lengths.chosen;
  const capture = new Capture(name, { .../** @type {any} */ (page.config), window_s }, watcher, next, access);
  page.capture = capture;
  show(capture);
  coach.clear();
  prompter.begin();
  stage('live', 'live-title');
  return capture;
}

/** @param {string} name */
function liveTitle(name) {
  if (page.external && stepByStep()) return texts.way.elsewhere;
  return page.external && !link.platform ? say(texts.status.following, { name }) : texts.page.live;
}

/** @type {import('./capture.js').Watcher} */
const watcher = {
  event: (event) => took(/** @type {Capture} */ (page.capture), event),
  failed: (code) => giveUp({ code }, onceMore(/** @type {Capture} */ (page.capture))),
  server: serverChanged,
  media: (kind) => {
    if (kind === 'shaky') narrator.suggest(texts.status.shaky);
    if (kind === 'lost') narrator.say(texts.status.connection_lost);
  },
  sent: (sent) => put($('sent'), say(texts.controls.sent, sent)),
};

/** What "try again" means for a capture that failed. @param {Capture} capture */
function onceMore(capture) {
  if (page.external) return link.platform ? on.reopen : () => followSender(true);
  return capture.answered ? setUp : start;
}

/** @param {Capture} capture @param {Event} event */
function took(capture, event) {
  coach.take(event);
  prompter.take(event);
  if (capture.session.error) return ended(capture, capture.session.error);
  const after = event.type === 'bundle' || event.type === 'report';
  if (after) return review.shows(capture) && result.showHandedOn(capture.session);
  if (capture.session.clip && capture.session.others.includes(event)) return review.shows(capture) && result.showLengths(capture);
  if (capture.session.clip) return finish(capture, () => result.showClip(capture));
  if (event.type === 'warning') return showWarning(capture.session);
  show(capture);
  if (event.type === 'stopped') $('stop').disabled = true;
  return undefined;
}

/** @param {Capture} capture */
function show({ session }) {
  meters.show(session);
  chart.show(session);
  showWarning(session);
  document.body.dataset.state = session.state;
  if (page.asked && !session.stopped) return;
  const urgent = !session.begun || session.stopped;
  narrator[urgent ? 'say' : 'suggest'](meaning(session, page.external));
}

/** The person begins to read, or to talk freely: earlier windows do not predict later ones. */
export function changedSpeaking() {
  const { capture } = page;
  if (capture && allowed('decide')) request(`api/sessions/${capture.name}/prompted`, { method: 'POST' }).catch(() => {}); // it may be over
}

/** @param {'reconnecting' | 'gone' | 'back'} kind */
function serverChanged(kind) {
  if (kind === 'reconnecting') narrator.say(texts.status.reconnecting);
  else if (kind === 'back') problem.clear();
  else if (page.asked) giveUp({ code: 'unreachable' }, setUp);
  else if (problem.code !== 'gone') problem.show({ code: 'gone' }, { focus: false });
}

export async function stop() {
  const { capture } = page;
  if (!capture?.answered) return void setUp().then(() => $(page.external ? 'follow' : 'start').focus());
  page.asked = true;
  $('stop').disabled = true;
  narrator.say(texts.states.stopping);
  return capture.stop().catch((error) => giveUp(error, setUp));
}

/** The camera has gone while it was recording: keep what there is. @param {Capture} capture */
export function unplugged(capture) {
  capture.cut = true;
  return stop();
}

/** Back to the beginning, with what went wrong. @param {any} error @param {() => any} again */
function giveUp(error, again) {
  end();
  if (onlyProblem(error)) return void (page.retry = again);
  if (stepByStep() && CLOSED.has(error.code)) return void on.reopen();
  stage('setup');
  narrator.say(page.external ? texts.status.external : texts.status.setup);
  const ready = page.external || camera.stream !== null;
  $('start').disabled = !ready;
  watch.begin();
  page.retry = ready ? again : setUp;
  problem.show(error);
}

/** @param {Capture} capture @param {Event} error */
function ended(capture, error) {
  if (page.asked && error.code === 'never_connected') return void setUp(); // stopped before it began
  return finish(capture, () => result.showFailure(error, codeOf({ code: error.code })));
}

/** @param {Capture} capture @param {() => void} show */
function finish(capture, show) {
  coach.clear();
  prompter.end();
  capture.hangUp();
  camera.close();
  mayRest();
  watch.begin();
  problem.clear();
  put($('again'), stepByStep() ? texts.page.record_again : texts.page.again);
  review.begin(capture, show);
  stage('result', 'result-title');
}
