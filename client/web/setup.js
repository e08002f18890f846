// @ts-check
// Before a recording: the devices are opened, and the server is asked what the page needs to know.

import { $, fill, put } from './dom.js';
import { look } from './link.js';
import { camera, end, lengths, narrator, onlyProblem, page, phone, problem, prompter, setSender, watch } from './parts.js';
import { askFor } from './sender.js';
import { access, config, Refusal } from './server.js';
import { stage } from './steps.js';
import { texts, words } from './texts.js';

/** @param {boolean} givenUp whether this page's last capture is still being ended */
async function openDevices(givenUp) {
  const turn = (page.turn += 1);
  page.retry = setUp;
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

export const setUp = () => openDevices(false);

/** The step of a person's way at which camera and microphone are checked. @param {boolean} givenUp */
export function devices(givenUp = false) {
  setSender(false);
  const opened = openDevices(givenUp);
  $('devices-title').focus({ preventScroll: true });
  return opened;
}

/** Ask the server what this page needs to know. */
export async function learn() {
  page.config = await config();
  lengths.offer(page.config, words);
  chooseLength();
  put($('obs-token'), page.config.token_required ? texts.page.obs_token : texts.page.obs_no_token);
  if (page.config.platform) return look(page.config);
  if (page.config.token_required && !access.token) throw new Refusal('unauthorized');
  return undefined;
}

/** @param {any} error */
export function cannotSetUp(error) {
  camera.close();
  if (onlyProblem(error)) return;
  $('start').disabled = true;
  narrator.say(page.external ? '' : texts.status.no_camera);
  problem.show(error);
}

/** @param {boolean} external */
export function choose(external) {
  setSender(external);
  camera.close();
  setUp();
}

export function chooseDevice() {
  camera.choose();
  setUp();
}

/** Every text speaks of the chosen length. */
export function chooseLength() {
  const [window_s] = lengths.chosen;
  fill({ window_s });
  askFor(lengths.query);
  prompter.fit(window_s === lengths.byDefault[0] ? null : window_s);
}
