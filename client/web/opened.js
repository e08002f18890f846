// @ts-check
// A platform's session, as its link opens the page: a person goes step by step, others send or follow.

import { allowed, begun, link } from './link.js';
import { camera, close, end, failed, page, phone, problem, setSender, watch } from './parts.js';
import { follow } from './recording.js';
import { devices, learn, setUp } from './setup.js';
import { stepByStep } from './steps.js';
import { Way } from './way.js';

export const way = new Way({ arrive, devices, follow: followLink, failed, fine: () => problem.clear() });

/** Go on with the session of the page's link, wherever it is. */
export async function openLink() {
  page.retry = openLink;
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
export async function leaveToPhone() {
  const opened = devices(true);
  phone.open();
  way.again();
  return opened;
}

/** Another sender sends as this session: the page follows, unless the person looks at a clip. */
export function anotherSender() {
  if (page.capture?.taken || document.body.dataset.stage !== 'result' || !allowed('send')) followLink();
}

/** A take has been accepted, or none is any more: the person goes to the step where that leads. @param {string | null} accepted */
export function decided(accepted) {
  const done = document.body.dataset.stage === 'done';
  if (stepByStep() && done !== (accepted !== null)) openLink();
}

/** Follow what another sender sends as this session, or has sent. */
function followLink() {
  camera.close();
  setSender(true);
  follow(link.name, false);
}
