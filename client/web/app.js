// @ts-check
// The page: set up, record, see the result. The server's events decide which stage is shown.

import { Camera } from './camera.js';
import { Capture } from './capture.js';
import { Chart } from './chart.js';
import { Coach } from './coach.js';
import { $, fill, put } from './dom.js';
import { codeOf, Problem } from './errors.js';
import * as files from './files.js';
import * as meters from './meters.js';
import { Lengths } from './lengths.js';
import { meaning, Narrator } from './narrator.js';
import { Prompter } from './prompter.js';
import * as result from './result.js';
import { askFor, setUpSender, senderName } from './sender.js';
import { access, config, namedSession, newName, Refusal, request, useToken } from './server.js';
import { say, texts } from './texts.js';
import { whenChosen } from './tabs.js';
import { save, showWarning } from './warnings.js';

/** @typedef {import('./feed.js').Event} Event */

/**
 * `asked`: the person has asked to stop. `turn`: counts set-ups, so that an outdated one can tell.
 * @type {{ config: import('./server.js').Config | null, capture: Capture | null, external: boolean, asked: boolean, turn: number, awake: WakeLockSentinel | null }}
 */
const page = { config: null, capture: null, external: false, asked: false, turn: 0, awake: null };
const chart = new Chart($('chart'), $('chart-text'));
const narrator = new Narrator($('status'));
const coach = new Coach();
const prompter = new Prompter(changedSpeaking);
const lengths = new Lengths(chooseLength);
const problem = new Problem(() => retry());
const camera = new Camera((code) => (page.capture ? unplugged(page.capture) : cannotSetUp({ code })));
let retry = setUp;

/** @param {'setup' | 'live' | 'result'} name @param {string} focus */
function stage(name, focus = '') {
  document.body.dataset.stage = name;
  document.title = name === 'live' ? `● ${$('live-title').textContent} – take5` : 'take5';
  if (focus) $(focus).focus({ preventScroll: true });
  scrollTo(0, 0); // on a phone the button that was pressed is below the picture and what there is to read
}

// Set up

async function setUp() {
  const turn = (page.turn += 1);
  retry = setUp;
  end();
  stage('setup');
  problem.clear();
  $('start').disabled = true;
  narrator.say(page.external ? texts.status.external : texts.status.opening);
  try {
    await learn();
    if (page.external || turn !== page.turn || !(await camera.open(page.config?.picture ?? 720))) return;
    narrator.say(texts.status.setup);
    $('start').disabled = false;
  } catch (error) {
    if (turn === page.turn) cannotSetUp(error);
  }
}

/** Ask the server what this page needs to know. */
async function learn() {
  page.config = await config();
  lengths.offer(page.config);
  chooseLength();
  put($('obs-token'), page.config.token_required ? texts.page.obs_token : texts.page.obs_no_token);
  if (page.config.token_required && !access.token) throw new Refusal('unauthorized');
}

/** @param {any} error */
function cannotSetUp(error) {
  camera.close();
  $('start').disabled = true;
  narrator.say(page.external ? '' : texts.status.no_camera);
  problem.show(error);
}

/** @param {boolean} external */
function setSender(external) {
  page.external = external;
  document.body.dataset.sender = external ? 'external' : 'camera';
}

/** @param {boolean} external */
function choose(external) {
  setSender(external);
  camera.close();
  setUp();
}

function chooseDevice() {
  camera.choose();
  setUp();
}

/** Every text speaks of the chosen length. */
function chooseLength() {
  const [window_s] = lengths.chosen;
  fill({ window_s });
  askFor(lengths.query);
  prompter.fit(window_s === lengths.byDefault[0] ? null : window_s);
}

// Record

async function start() {
  if (!camera.stream) return;
  const capture = follow(newName(), false);
  keepAwake(capture);
  try {
    await capture.send(camera.stream, lengths.query);
  } catch (error) {
    if (capture === page.capture) giveUp(error, start);
  }
}

/** A phone whose screen turns off stops filming. @param {Capture} capture */
async function keepAwake(capture) {
  const lock = await navigator.wakeLock?.request('screen').catch(() => null);
  if (lock && capture !== page.capture) lock.release();
  else page.awake = lock ?? null;
}

/** Wait for another sender's capture, or follow the one that the page's address names. @param {boolean} next */
function followSender(next) {
  follow(senderName(), next);
}

/** @param {string} name @param {boolean} next */
function follow(name, next) {
  problem.clear();
  end();
  page.asked = false;
  $('stop').disabled = false;
  put($('sent'), '');
  put($('live-title'), page.external ? say(texts.status.following, { name }) : texts.page.live);
  put($('stop'), page.external ? texts.page.unfollow : texts.page.stop);
  const [window_s] = lengths.chosen;
  const capture = new Capture(name, { .../** @type {any} */ (page.config), window_s }, watcher, next);
  page.capture = capture;
  show(capture);
  coach.clear();
  prompter.begin();
  stage('live', 'live-title');
  return capture;
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
  if (page.external) return () => followSender(true);
  return capture.answered ? setUp : start;
}

/** @param {Capture} capture @param {Event} event */
function took(capture, event) {
  coach.take(event);
  prompter.take(event);
  if (capture.session.error) return ended(capture, capture.session.error);
  if (event.type === 'bundle' || event.type === 'report') return result.showHandedOn(capture.session);
  if (capture.session.clip && capture.session.others.includes(event)) return result.showLengths(capture);
  if (capture.session.clip) return finish(() => result.showClip(capture));
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
function changedSpeaking() {
  const { capture } = page;
  if (capture) request(`api/sessions/${capture.name}/prompted`, { method: 'POST' }).catch(() => {}); // it may be over
}

/** @param {'reconnecting' | 'gone' | 'back'} kind */
function serverChanged(kind) {
  if (kind === 'reconnecting') narrator.say(texts.status.reconnecting);
  else if (kind === 'back') problem.clear();
  else if (page.asked) giveUp({ code: 'unreachable' }, setUp);
  else if (problem.code !== 'gone') problem.show({ code: 'gone' }, { focus: false });
}

async function stop() {
  const { capture } = page;
  if (!capture?.answered) return void setUp().then(() => $(page.external ? 'follow' : 'start').focus());
  page.asked = true;
  $('stop').disabled = true;
  narrator.say(texts.states.stopping);
  return capture.stop().catch((error) => giveUp(error, setUp));
}

/** The camera has gone while it was recording: keep what there is. @param {Capture} capture */
function unplugged(capture) {
  capture.cut = true;
  return stop();
}

/** Back to the beginning, with what went wrong. @param {any} error @param {() => any} again */
function giveUp(error, again) {
  end();
  stage('setup');
  narrator.say(page.external ? texts.status.external : texts.status.setup);
  const ready = page.external || camera.stream !== null;
  $('start').disabled = !ready;
  retry = ready ? again : setUp;
  problem.show(error);
}

/** Let go of the capture and the server; the camera stays. */
function end() {
  coach.clear();
  prompter.end();
  page.capture?.leave();
  page.capture?.close();
  page.capture = null;
  page.awake?.release();
  page.awake = null;
}

// The result

/** @param {Capture} capture @param {Event} error */
function ended(capture, error) {
  if (page.asked && error.code === 'never_connected') return void setUp(); // stopped before it began
  return finish(() => result.showFailure(error, codeOf({ code: error.code })));
}

/** @param {() => void} tell */
function finish(tell) {
  coach.clear();
  prompter.end();
  page.capture?.hangUp();
  camera.close();
  page.awake?.release();
  problem.clear();
  put($('again'), texts.page.again);
  tell();
  stage('result', 'result-title');
}

async function use() {
  problem.clear();
  try {
    await result.accept(/** @type {Capture} */ (page.capture));
    $('accepted').focus();
  } catch (error) {
    retry = use;
    problem.show(error);
  }
}

async function again() {
  files.unload();
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
$('camera').addEventListener('change', chooseDevice);
$('microphone').addEventListener('change', chooseDevice);
$('clip').addEventListener('loadedmetadata', files.fit);
$('clip').addEventListener('error', files.failed);
$('result').addEventListener('refused', (/** @type {CustomEvent} */ event) => problem.show(event.detail, { retry: false }));
$('token-form').addEventListener('submit', (/** @type {SubmitEvent} */ event) => {
  event.preventDefault();
  useToken($('token').value);
  retry();
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
  if (!namedSession) return setUp();
  select(true);
  setSender(true);
  await learn().then(() => followSender(false), cannotSetUp);
  return undefined;
}

begin();
