// @ts-check
// For OBS and other senders: where to send, and what the stream shows of the settings.

import { copyable } from './clipboard.js';
import { $, fill, make, put } from './dom.js';
import { Problem } from './errors.js';
import { Following } from './following.js';
import { Lengths } from './lengths.js';
import { followerToken, link } from './link.js';
import { meaning, Narrator } from './narrator.js';
import { ObsChecks } from './obs_checks.js';
import { askFor, senderName, setUpSender } from './sender.js';
import { access, address, config, optionsFor, Refusal, useToken } from './server.js';
import { ofCode, texts, words } from './texts.js';

/** @typedef {import('./session.js').Session} Session */

const LOOK_EVERY_MS = 1000;

const narrator = new Narrator($('status'));
const problem = new Problem(() => begin());
const lengths = new Lengths($('length'), $('length-choice'), chooseLength);
/** `overlay`: what the overlay shows the server. @type {{ following: Following | null, session: Session | null, checks: ObsChecks, overlay: string | null }} */
const page = { following: null, session: null, checks: new ObsChecks(), overlay: null };

/** Follow the session of the chosen name, whose settings are not known yet. @param {import('./server.js').Config} known */
function follow(known) {
  page.following?.close();
  Object.assign(page, { following: null, session: null, checks: new ObsChecks() });
  $('overlay-address').type = access.token ? 'password' : 'text'; // screens are shared
  $('overlay-address').value = address(`overlay.html${optionsFor(senderName(), page.overlay)}`);
  showChecks();
  if (!$('name').checkValidity()) return narrator.say('');
  page.following = new Following(senderName(), known, { event: took, lost, back: () => problem.clear() });
  return undefined;
}

/** @param {Session} session @param {import('./feed.js').Event} event */
function took(session, event) {
  page.checks.take(session, event, performance.now());
  if (session.begun || !page.session) page.session = session; // what was measured stays until the next sender comes
  narrator.suggest(meaning(session, true));
  showChecks();
}

/** @param {string} code */
function lost(code) {
  if (code === 'unreachable') narrator.say(texts.status.reconnecting);
  else problem.show({ code }, { retry: false, focus: false });
}

function showChecks() {
  page.checks.look(performance.now());
  const found = page.checks.all(page.session);
  const shown = JSON.stringify(found);
  if ($('checks').dataset.shown === shown) return;
  $('checks').dataset.shown = shown;
  $('checks').replaceChildren(...found.map(item));
}

/** @param {import('./obs_checks.js').Check} check */
function item({ id, verdict, value }) {
  const made = make('li', '', { 'data-check': id, 'data-verdict': verdict });
  const words = verdict === 'unknown' ? [value] : [value, ofCode(texts.obs_values, verdict)];
  made.append(make('b', texts.obs[id].name), make('span', words.filter(Boolean).join(texts.phrases.list_separator), { class: 'value' }));
  if (verdict !== 'good') made.append(make('p', texts.obs[id].where));
  return made;
}

function chooseLength() {
  askFor(lengths.query);
}

async function begin() {
  problem.clear();
  try {
    const known = await config();
    if (known.token_required && !access.token) throw new Refusal('unauthorized');
    page.overlay = await followerToken();
    lengths.offer(known, words);
    chooseLength();
    $('bearer-token').value = access.token ?? '';
    $('bearer').hidden = !known.token_required;
    $('no-bearer').hidden = known.token_required;
    $('name').readOnly = link.platform; // its name is the session's id
    $('name').onchange = () => follow(known);
    follow(known);
  } catch (error) {
    problem.show(error);
  }
}

document.documentElement.lang = texts.language;
fill({ window_s: 5 });
setUpSender();
showChecks();
copyable($('bearer-token'), $('copy-token'));
copyable($('overlay-address'), $('copy-overlay'));
$('token-form').addEventListener('submit', (/** @type {SubmitEvent} */ event) => {
  event.preventDefault();
  useToken($('token').value);
  begin();
});
addEventListener('hashchange', () => location.reload());
setInterval(showChecks, LOOK_EVERY_MS);
begin();
