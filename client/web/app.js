// @ts-check
// The page: set up, record, see the result. The server's events decide which stage is shown.

import { $, fill } from './dom.js';
import { hasNoLink } from './errors.js';
import * as files from './files.js';
import { link, offerLanguages } from './link.js';
import { anotherSender, decided, leaveToPhone, openLink, way } from './opened.js';
import { close, on, onlyProblem, page, problem, prompter, review, setSender } from './parts.js';
import { changedSpeaking, followSender, recordHere, start, stop, unplugged } from './recording.js';
import { setUpSender } from './sender.js';
import { config, namedSession, useToken } from './server.js';
import { cannotSetUp, choose, chooseDevice, chooseLength, devices, learn, setUp } from './setup.js';
import { stage, stepByStep } from './steps.js';
import { whenChosen } from './tabs.js';
import { texts } from './texts.js';
import { save } from './warnings.js';

/** @typedef {import('./capture.js').Capture} Capture */

on.spoken = changedSpeaking;
on.length = chooseLength;
on.gone = (code) => (page.capture ? unplugged(page.capture) : cannotSetUp({ code }));
on.arrived = anotherSender;
on.told = (rules) => way.tell(rules);
on.left = () => way.consent.close();
on.reopen = openLink;
on.decided = decided;
on.again = () => way.again();
page.retry = setUp;

async function use() {
  problem.clear();
  try {
    await review.use();
    if (stepByStep()) way.done();
    else $('accepted').focus();
  } catch (error) {
    if (link.platform && /** @type {any} */ (error).code === 'not_found') return openLink(); // another capture has begun
    if (hasNoLink(error)) return void onlyProblem(error);
    page.retry = use;
    problem.show(error);
  }
  return undefined;
}

async function again() {
  files.unload();
  if (stepByStep()) {
    way.again();
    return devices();
  }
  if (link.platform) setSender(false);
  if (page.external) return followSender(true);
  await setUp();
  return $('start').focus();
}

$('start').addEventListener('click', start);
$('follow').addEventListener('click', () => followSender(true));
$('stop').addEventListener('click', stop);
$('save').addEventListener('click', () => save(/** @type {Capture} */ (page.capture).name));
$('use').addEventListener('click', use);
$('again').addEventListener('click', again);
$('back-to-takes').addEventListener('click', () => way.back().catch(close));
$('record-here').addEventListener('click', recordHere);
$('phone-instead').addEventListener('click', leaveToPhone);
$('camera').addEventListener('change', chooseDevice);
$('microphone').addEventListener('change', chooseDevice);
$('clip').addEventListener('loadedmetadata', files.fit);
$('clip').addEventListener('error', files.failed);
$('result').addEventListener('refused', (/** @type {CustomEvent} */ event) => problem.show(event.detail, { retry: false }));
$('token-form').addEventListener('submit', (/** @type {SubmitEvent} */ event) => {
  event.preventDefault();
  useToken($('token').value);
  page.retry();
});
addEventListener('pagehide', () => page.capture?.leave());
addEventListener('pageshow', (event) => event.persisted && location.reload());
addEventListener('hashchange', () => location.reload());

async function begin() {
  document.documentElement.lang = texts.language;
  fill({ window_s: 5 });
  setUpSender();
  prompter.open();
  const select = whenChosen(choose);
  if (link.platform) {
    stage('closed');
    offerLanguages($('language'), (await config()).languages, texts.language);
    return openLink();
  }
  if (!namedSession) return setUp();
  select(true);
  setSender(true);
  await learn().then(() => followSender(false), cannotSetUp);
  return undefined;
}

begin();
