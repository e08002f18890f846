// The page: set up, record, look at the result; what the server says decides where it is.

import { Chart } from './chart.js';
import * as devices from './devices.js';
import { Feed } from './feed.js';
import { setGoal, showProgress, showWindow } from './meters.js';
import { Narrator } from './narrator.js';
import { access, config, namedSession, newName, Refusal, request, withToken } from './server.js';
import { clock, PROBLEMS, RESULT, STATUS, STOPPED } from './texts.js';
import { Whip, whipAddress } from './whip.js';

const $ = (id) => document.getElementById(id);
const chart = new Chart($('chart'), $('chart-text'));
const narrator = new Narrator($('status'));

const page = { stream: null, whip: null, feed: null, name: '', rules: {}, ice: [], best: null, stopped: null, endLevel: null, external: false };

// Where it is

function stage(name) {
  document.body.dataset.stage = name;
  $('recording').hidden = name !== 'live';
  $('guide').toggleAttribute('hidden', page.external);
  $('outside').hidden = !(page.external && name !== 'result');
  if (name === 'live') $('stop').focus();
  if (name === 'result') $('result-title').focus();
}

function problem(text) {
  $('problem').textContent = text ?? '';
  $('problem').hidden = !text;
}

function tell(error) {
  const known = PROBLEMS[error.code] ?? PROBLEMS[error.name] ?? error.message;
  problem(typeof known === 'function' ? known(error.retryAfter) : known);
  $('token-form').hidden = error.code !== 'unauthorized';
  if (error.code === 'unauthorized') $('token').focus();
}

// Set up

async function setUp() {
  stage('setup');
  page.external = $('tab-sender').getAttribute('aria-selected') === 'true';
  stage('setup');
  narrator.say(page.external ? STATUS.waiting : STATUS.setup);
  try {
    const told = await config();
    page.rules = told.stop;
    page.ice = told.ice_servers;
    $('token-hint').hidden = !told.token_required;
    if (told.token_required && !access.token) throw new Refusal('unauthorized', 'token needed');
    if (!page.external) await preview();
  } catch (error) {
    tell(error);
  }
}

async function preview(camera = devices.remembered('videoinput'), microphone = devices.remembered('audioinput')) {
  closeCamera();
  try {
    page.stream = await devices.open(camera, microphone);
  } catch (error) {
    if (error.name !== 'OverconstrainedError') throw error;
    page.stream = await devices.open('', ''); // what was remembered is not plugged in any more
  }
  $('preview').srcObject = page.stream;
  await $('preview').play().catch(() => {});
  await devices.list($('camera'), 'videoinput', page.stream.getVideoTracks()[0].getSettings().deviceId);
  await devices.list($('microphone'), 'audioinput', page.stream.getAudioTracks()[0].getSettings().deviceId);
  page.endLevel = devices.watchLevel(page.stream, (dbfs) => { $('level').value = dbfs; });
  page.stream.getTracks().forEach((track) => track.addEventListener('ended', () => tell({ name: 'NotReadableError' })));
  $('start').disabled = false;
}

function closeCamera() {
  page.endLevel?.();
  page.endLevel = null;
  devices.stopTracks(page.stream);
  page.stream = null;
}

async function choose() {
  devices.remember('videoinput', $('camera').value);
  devices.remember('audioinput', $('microphone').value);
  problem(null);
  await preview($('camera').value, $('microphone').value).catch(tell);
}

// Record

async function start() {
  problem(null);
  $('start').disabled = true;
  try {
    if (!page.stream) await preview();
    page.name = newName();
    follow(page.name, false);
    page.whip = new Whip(page.name, page.stream, page.ice, () => over('rtc'));
    begin();
    await page.whip.start();
  } catch (error) {
    hangUp();
    stage('setup');
    tell(error);
  } finally {
    $('start').disabled = false;
  }
}

function waitForSender() {
  page.name = $('name').value;
  localStorage.setItem('take5.name', page.name);
  problem(null);
  follow(page.name, true);
  begin();
  narrator.say(STATUS.waiting);
}

function begin() {
  page.best = page.stopped = null;
  chart.clear(page.rules.stop_at);
  setGoal(page.rules.stop_at);
  showWindow(null);
  showProgress(null, 0, page.rules);
  $('clock').textContent = clock(0);
  stage('live');
  narrator.say(STATUS.connecting);
}

function follow(name, next) {
  page.feed?.close();
  page.feed = new Feed(name, next);
  page.feed.addEventListener('event', ({ detail }) => HANDLERS[detail.type]?.(detail));
  page.feed.addEventListener('refused', ({ detail }) => over(detail));
  page.feed.addEventListener('lost', () => narrator.say(STATUS.reconnecting));
}

function hangUp() {
  page.feed?.close();
  page.whip?.close();
  page.whip = null;
}

async function stop() {
  $('stop').disabled = true;
  narrator.say(STATUS.stopping);
  if (page.whip) await page.whip.stop();
  else {
    hangUp();
    await setUp();
  }
  $('stop').disabled = false;
}

// What the server says

const HANDLERS = {
  hello(event) {
    page.rules = event.rules;
    setGoal(event.rules.stop_at);
    chart.stopAt = event.rules.stop_at;
    chart.add(...event.windows);
    setBest(event.best);
    if (event.error) HANDLERS.error(event.error);
    else if (event.clip) {
      page.stopped = event.stopped;
      HANDLERS.clip(event.clip);
    } else HANDLERS.state(event);
  },
  state({ state }) {
    if (state === 'waiting' && page.external) narrator.say(STATUS.waiting);
    else if (state === 'connecting') narrator.say(STATUS.connecting);
    else if (state === 'receiving') narrator.say(STATUS.begin);
    else if (state === 'stopping') narrator.say(STATUS.stopping);
    $('outside').toggleAttribute('hidden', !page.external || state === 'ready');
    $('outside').firstElementChild.textContent = state === 'waiting' ? 'Waiting for a sender' : 'Receiving from the sender';
  },
  progress(event) {
    $('clock').textContent = clock(event.time_s);
    if (event.window) {
      showWindow(event.window);
      chart.add(event.window);
    }
    setBest(event.best);
    showProgress(page.best, event.time_s, page.rules);
    narrator.progress(event);
  },
  best: (event) => setBest(event.best),
  scored: (event) => chart.add(event.window),
  stalled: () => narrator.say(STATUS.stalled),
  resumed: () => narrator.suggest(STATUS.talk),
  warning: (event) => event.code === 'low_resolution' && narrator.suggest(PROBLEMS.low_resolution),
  stopped(event) {
    page.stopped = event;
    narrator.say(STATUS.stopping);
  },
  clip(event) {
    finish();
    $('result-title').textContent = RESULT.title;
    $('result-text').textContent = `${page.stopped ? STOPPED[page.stopped.rule] : ''} ${RESULT.score(event.best)}`;
    $('clip').src = withToken(event.files['clip.mp4']);
    $('clip').hidden = false;
    $('use').hidden = false;
    $('use').disabled = false;
    $('clip').play().catch(() => {});
    $('files').hidden = true;
    page.clip = event;
    stage('result');
  },
  error(event) {
    finish();
    const known = PROBLEMS[event.code] ?? event.text;
    $('result-title').textContent = RESULT.failed;
    $('result-text').textContent = typeof known === 'function' ? known(event.reasons) : known;
    $('clip').hidden = true;
    $('use').hidden = true;
    $('files').hidden = true;
    stage('result');
  },
};

function setBest(best) {
  if (!best) return;
  page.best = best;
  chart.mark(best);
}

function finish() {
  page.feed?.close();
  page.whip?.stop();
  page.whip = null;
  closeCamera();
  narrator.say('');
}

function over(code) {
  hangUp();
  stage('setup');
  tell({ code });
}

// The result

async function use() {
  $('use').disabled = true;
  try {
    const accepted = await (await request(`api/sessions/${page.name}/accept`, { method: 'POST' })).json();
    $('result-text').textContent = RESULT.used(accepted.path);
    const links = Object.entries(accepted.files).map(([name, path]) => {
      const link = Object.assign(document.createElement('a'), { href: withToken(path), download: name, textContent: name });
      return link;
    });
    $('files').replaceChildren('Download: ', ...links);
    $('files').hidden = false;
  } catch (error) {
    $('use').disabled = false;
    tell(error);
  }
}

async function again() {
  $('clip').removeAttribute('src');
  $('clip').load();
  problem(null);
  await setUp();
  $(page.external ? 'follow' : 'start').focus();
}

// Tabs, names, tokens

function tab(chosen) {
  for (const [button, panel] of [['tab-camera', 'with-camera'], ['tab-sender', 'with-sender']]) {
    $(button).setAttribute('aria-selected', String(button === chosen));
    $(button).tabIndex = button === chosen ? 0 : -1;
    $(panel).hidden = button !== chosen;
  }
  problem(null);
  if (chosen === 'tab-sender') closeCamera();
  setUp();
}

function showAddress() {
  const valid = $('name').checkValidity() && $('name').value !== '';
  $('address').value = valid ? whipAddress($('name').value) : '';
  $('follow').disabled = !valid;
}

$('start').addEventListener('click', start);
$('follow').addEventListener('click', waitForSender);
$('stop').addEventListener('click', stop);
$('use').addEventListener('click', use);
$('again').addEventListener('click', again);
$('camera').addEventListener('change', choose);
$('microphone').addEventListener('change', choose);
$('name').addEventListener('input', showAddress);
$('copy').addEventListener('click', async () => {
  $('address').select();
  await navigator.clipboard?.writeText($('address').value).catch(() => {});
});
for (const id of ['tab-camera', 'tab-sender']) {
  $(id).addEventListener('click', () => tab(id));
  $(id).addEventListener('keydown', (event) => {
    if (event.key !== 'ArrowLeft' && event.key !== 'ArrowRight') return;
    const other = id === 'tab-camera' ? 'tab-sender' : 'tab-camera';
    tab(other);
    $(other).focus();
  });
}
$('token-form').addEventListener('submit', (event) => {
  event.preventDefault();
  access.token = $('token').value;
  problem(null);
  $('token-form').hidden = true;
  setUp();
});
addEventListener('pagehide', () => page.whip?.leave());

$('name').value = namedSession || localStorage.getItem('take5.name') || newName();
showAddress();
if (namedSession) {
  tab('tab-sender');
  waitForSender();
} else setUp();
