// @ts-check
// A recording: what is sent or followed, and what the server says of it, until there is a result.

import { askBeforeLeaving, mayRest, stayAwake } from './awake.js';
import { Capture } from './capture.js';
import { $, put } from './dom.js';
import { codeOf } from './errors.js';
import { allowed, link } from './link.js';
import * as meters from './meters.js';
import { meaning } from './narrator.js';
import { ofNetwork, tooWeak } from './network.js';
import { camera, chart, coach, end, lengths, narrator, on, onlyProblem, page, problem, prompter, review, watch } from './parts.js';
import * as result from './result.js';
import { senderName } from './sender.js';
import { access, newName, request } from './server.js';
import { devices, setUp } from './setup.js';
import { stage, stepByStep } from './steps.js';
import { say, texts } from './texts.js';
import { showWarning } from './warnings.js';

/** @typedef {import('./feed.js').Event} Event */

/** Why no sender may begin: the person is at another step by now. */
const CLOSED = new Set(['accepted', 'consent_missing']);
/** After a longer absence of the network the person decides whether to go on. */
const ONCE_MORE_WITHIN_MS = 120_000;
/** Outcomes of a recording that a weak network has spoilt. */
const SPOILT = new Set(['too_short', 'no_picture', 'no_sound', 'never_connected']);

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
  page.asked = page.taking = false;
  $('stop').disabled = $('record-here').disabled = false;
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
  media: mediaChanged,
  sent: (sent) => put($('sent'), say(texts.controls.sent, sent)),
};

/** @param {'shaky' | 'steady' | 'lost'} kind */
function mediaChanged(kind) {
  const capture = /** @type {Capture} */ (page.capture);
  if (kind === 'lost') narrator.say(stepByStep() ? texts.network.lost : texts.status.connection_lost);
  else if (stepByStep()) narrator.say(sentence(capture));
  else if (kind === 'shaky') narrator.suggest(texts.status.shaky);
}

/** What "try again" means for a capture that failed. @param {Capture} capture */
function onceMore(capture) {
  if (page.external) return link.platform ? on.reopen : () => followSender(true);
  return capture.answered ? setUp : start;
}

/** @param {Capture} capture @param {Event} event */
function took(capture, event) {
  if (event.type === 'decided') return undefined; // whoever watches the session takes it; the result stays as it is
  coach.take(event);
  prompter.take(event);
  if (capture.session.error) return ended(capture, capture.session.error);
  const after = event.type === 'bundle' || event.type === 'report' || event.type === 'prepared';
  if (after) return review.shows(capture) && result.showHandedOn(capture.session);
  if (capture.session.clip && capture.session.others.includes(event)) return review.shows(capture) && result.showLengths(capture);
  if (capture.session.clip) return finish(capture, () => result.showClip(capture));
  if (event.type === 'warning') return showWarning(capture.session);
  if (event.type === 'stopped') capture.taken = stepByStep() && event.rule === 'ended' && !page.asked && !capture.cut && capture.whip !== null;
  show(capture);
  if (event.type === 'stopped') $('stop').disabled = true;
  return undefined;
}

/** @param {Capture} capture */
function show(capture) {
  const { session } = capture;
  meters.show(session);
  chart.show(session);
  showWarning(session);
  document.body.dataset.state = session.state;
  if (page.asked && !session.stopped) return;
  const urgent = !session.begun || session.stopped;
  narrator[urgent ? 'say' : 'suggest'](sentence(capture));
}

/** What is happening, in words; of a person's own recording, the network comes before the windows. @param {Capture} capture */
function sentence(capture) {
  const { session } = capture;
  if (capture.taken) return texts.way.taken;
  if (!stepByStep() || page.external) return meaning(session, page.external);
  if (capture.cut && !page.asked) return texts.network.lost;
  const away = capture.steady === false;
  const unseen = !session.stopped && !session.stalled && session.latest?.eligible == null && session.latest?.I == null && session.latest;
  return ofNetwork(texts, session, away) || (unseen ? texts.status.talk : meaning(session, false));
}

/** The person begins to read, or to talk freely: earlier windows do not predict later ones. */
export function changedSpeaking() {
  const { capture } = page;
  if (capture && allowed('decide')) request(`api/sessions/${capture.name}/prompted`, { method: 'POST' }).catch(() => {}); // it may be over
}

/** @param {'reconnecting' | 'gone' | 'back'} kind */
function serverChanged(kind) {
  if (kind === 'back') problem.clear();
  else if (stepByStep()) narrator.say(page.asked ? texts.network.stopping : texts.network.away);
  else if (kind === 'reconnecting') narrator.say(texts.status.reconnecting);
  else if (page.asked) giveUp({ code: 'unreachable' }, setUp);
  else if (problem.code !== 'gone') problem.show({ code: 'gone' }, { focus: false });
}

export async function stop() {
  const { capture } = page;
  if (!capture?.answered) return void setUp().then(() => $(page.external ? 'follow' : 'start').focus());
  page.asked = true;
  $('stop').disabled = true;
  narrator.say(stepByStep() && capture.steady === false ? texts.network.stopping : texts.states.stopping);
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
  if (page.taking) return takeOver();
  if (goesOn(capture)) return goOn(texts.way.once_more);
  const code = stepByStep() && SPOILT.has(error.code) && tooWeak(capture.session) ? 'weak_network' : error.code;
  return finish(capture, () => result.showFailure(error, codeOf({ code })));
}

/** Whether another recording goes on for one that the network has ended, and not the person. @param {Capture} capture */
function goesOn({ cut, whip, session, silent_ms: away_ms }) {
  if (!stepByStep() || whip === null || page.asked || camera.stream === null) return false;
  return (cut || session.stopped?.rule === 'lost') && away_ms < ONCE_MORE_WITHIN_MS;
}

/** @param {string} title */
function goOn(title) {
  start();
  if (page.capture) page.capture.goesOn = true;
  put($('live-title'), title);
}

/** This page is to record in place of another one. */
export async function recordHere() {
  const { capture } = page;
  if (!capture) return;
  $('record-here').disabled = page.taking = true;
  await request(`api/sessions/${link.name}/end`, { method: 'POST' }).catch(() => on.reopen()); // it has ended meanwhile
}

/** The other recording has ended: this page opens its camera. */
function takeOver() {
  on.again();
  return devices();
}

/** @param {Capture} capture @param {() => void} show */
function finish(capture, show) {
  if (page.taking) return takeOver();
  if (goesOn(capture)) return goOn(texts.way.goes_on);
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
  return undefined;
}
