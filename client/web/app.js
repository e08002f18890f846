// @ts-check
// The page: set up, record, see the result. The server's events decide which stage is shown.

import { askBeforeLeaving, mayRest, stayAwake } from './awake.js';
import { Camera } from './camera.js';
import { Capture } from './capture.js';
import { Chart } from './chart.js';
import { Coach } from './coach.js';
import { $, fill, put } from './dom.js';
import { codeOf, hasNoLink, Problem } from './errors.js';
import * as files from './files.js';
import * as meters from './meters.js';
import { Lengths } from './lengths.js';
import { allowed, begun, link, look, offerLanguages, Watch } from './link.js';
import { meaning, Narrator } from './narrator.js';
import { Phone } from './phone.js';
import { Prompter } from './prompter.js';
import * as result from './result.js';
import { Review } from './review.js';
import { askFor, setUpSender, senderName } from './sender.js';
import { access, config, namedSession, newName, Refusal, request, useToken } from './server.js';
import { stage, stepByStep } from './steps.js';
import { say, texts } from './texts.js';
import { whenChosen } from './tabs.js';
import { save, showWarning } from './warnings.js';
import { Way } from './way.js';

/** @typedef {import('./feed.js').Event} Event */

/** Why no sender may begin: the person is at another step by now. */
const CLOSED = new Set(['accepted', 'consent_missing']);

/**
 * `asked`: the person has asked to stop. `turn`: counts set-ups, so that an outdated one can tell.
 * @type {{ config: import('./server.js').Config | null, capture: Capture | null, external: boolean, asked: boolean, turn: number }}
 */
const page = { config: null, capture: null, external: false, asked: false, turn: 0 };
const chart = new Chart($('chart'), $('chart-text'));
const narrator = new Narrator($('status'));
const coach = new Coach();
const prompter = new Prompter(changedSpeaking);
const lengths = new Lengths(chooseLength);
const problem = new Problem(() => retry());
const camera = new Camera((code) => (page.capture ? unplugged(page.capture) : cannotSetUp({ code })));
const watch = new Watch(anotherSender, noLink, (rules) => way.tell(rules));
const review = new Review(() => /** @type {import('./server.js').Config} */ (page.config));
const phone = new Phone((error) => onlyProblem(error) || problem.show(error));
const way = new Way({ arrive, devices, follow: followLink, failed: (error) => onlyProblem(error) || problem.show(error) });
/** What the button beside a problem does. @type {() => any} */
let retry = () => setUp();

// Set up

/** @param {boolean} givenUp whether this page's last capture is still being ended */
async function openDevices(givenUp) {
  const turn = (page.turn += 1);
  retry = setUp;
  end();
  stage('setup');
  phone.offer();
  problem.clear();
  $('start').disabled = true;
  narrator.say(page.external ? texts.status.external : texts.status.opening);
  try {
    await learn();
    if (page.external || turn !== page.turn) return;
    watch.begin(givenUp);
    if (!(await camera.open(page.config?.picture ?? 720))) return;
    narrator.say(texts.status.setup);
    $('start').disabled = false;
  } catch (error) {
    if (turn === page.turn) cannotSetUp(error);
  }
}

const setUp = () => openDevices(false);

/** The step of a person's way at which camera and microphone are checked. @param {boolean} givenUp */
function devices(givenUp = false) {
  setSender(false);
  const opened = openDevices(givenUp);
  $('devices-title').focus({ preventScroll: true });
  return opened;
}

/** Ask the server what this page needs to know. */
async function learn() {
  page.config = await config();
  lengths.offer(page.config);
  chooseLength();
  put($('obs-token'), page.config.token_required ? texts.page.obs_token : texts.page.obs_no_token);
  if (page.config.platform) return look(page.config);
  if (page.config.token_required && !access.token) throw new Refusal('unauthorized');
  return undefined;
}

/** @param {any} error */
function cannotSetUp(error) {
  camera.close();
  if (onlyProblem(error)) return;
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
  put($('live-title'), liveTitle(name));
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
  if (page.external) return link.platform ? openLink : () => followSender(true);
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
function changedSpeaking() {
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
  if (onlyProblem(error)) return void (retry = again);
  if (stepByStep() && CLOSED.has(error.code)) return void openLink();
  stage('setup');
  narrator.say(page.external ? texts.status.external : texts.status.setup);
  const ready = page.external || camera.stream !== null;
  $('start').disabled = !ready;
  watch.begin();
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
  watch.end();
  mayRest();
}

// A platform's session

/** Go on with the session of the page's link, wherever it is. */
async function openLink() {
  retry = openLink;
  problem.clear();
  try {
    await learn();
    if (allowed('decide')) return await way.resume();
    if (allowed('send') && !(await begun())) return await setUp();
    followLink();
  } catch (error) {
    close(error);
  }
  return undefined;
}

/** The person comes to a step at which nothing is sent or followed. */
function arrive() {
  end();
  camera.close();
  setSender(false);
  problem.clear();
  watch.begin();
}

/** Another device is to record: this page gives up its own recording, and shows the code for it. */
async function leaveToPhone() {
  const opened = devices(true);
  phone.open();
  way.again();
  return opened;
}

/** Another sender sends as this session: the page follows, unless the person looks at a clip. */
function anotherSender() {
  if (document.body.dataset.stage !== 'result' || !allowed('send')) followLink();
}

/** Follow what another sender sends as this session, or has sent. */
function followLink() {
  camera.close();
  setSender(true);
  follow(link.name, false);
}

/** The link opens nothing any more. @param {string} code */
function noLink(code) {
  cannotSetUp({ code });
}

/** Show nothing else than a problem, where nothing else is of use to a person with a link. @param {any} error */
function onlyProblem(error) {
  if (!link.platform || !(hasNoLink(error) || page.external)) return false;
  close(error);
  return true;
}

/** @param {any} error */
function close(error) {
  end();
  camera.close();
  stage('closed');
  problem.show(error);
}

// The result

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

async function use() {
  problem.clear();
  try {
    await review.use();
    if (stepByStep()) way.done();
    else $('accepted').focus();
  } catch (error) {
    if (link.platform && /** @type {any} */ (error).code === 'not_found') return openLink(); // another capture has begun
    if (hasNoLink(error)) return void onlyProblem(error);
    retry = use;
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
$('phone-instead').addEventListener('click', leaveToPhone);
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
