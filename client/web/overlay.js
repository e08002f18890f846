// @ts-check
// The overlay: for OBS's browser source, or a second screen. It shows one capture after another, for hours.

import { showAspects } from './aspects.js';
import { Coach } from './coach.js';
import { $, fill, put } from './dom.js';
import { codeOf } from './errors.js';
import { Following } from './following.js';
import { meaning, Narrator } from './narrator.js';
import { showRing } from './ring.js';
import { config, namedSession, option } from './server.js';
import { clock, duration, say, texts } from './texts.js';

/** @typedef {import('./feed.js').Event} Event @typedef {import('./session.js').Session} Session */

/** How long the outcome stays when no other sender begins. */
const OUTCOME_MS = 30_000;
const CONFIG_AGAIN_MS = 5000;

const narrator = new Narrator($('status'));
const coach = new Coach($('words'));
$('words').prepend(coach.line);
/** @type {Session | null} */
let shown = null;
/** @type {ReturnType<typeof setTimeout> | undefined} */
let forgetting;

/** @param {'nothing' | 'waiting' | 'capture' | 'done' | 'problem'} what */
function show(what) {
  document.body.dataset.show = what;
}

/** Say something that stands until something else happens. @param {'waiting' | 'done' | 'problem'} what @param {string} text */
function announce(what, text) {
  show(what);
  narrator.say(text);
}

/** @param {Session} session @param {Event} event */
function took(session, event) {
  if (!session.begun) return wait(session);
  clearTimeout(forgetting);
  forgetting = undefined;
  shown = session;
  coach.take(event);
  return present(session);
}

/** The next capture has not begun: what became of the last one stays for a while. @param {Session} session */
function wait(session) {
  if (shown && isOver(shown)) {
    const last = shown;
    forgetting ??= setTimeout(() => shown === last && forget(session), OUTCOME_MS);
    return present(last);
  }
  return forget(session);
}

/** @param {Session} session */
function forget(session) {
  shown = null;
  coach.clear();
  announce('waiting', meaning(session, true));
}

/** @param {Session} session */
const isOver = ({ stopped, clip, error }) => (stopped ?? clip ?? error) !== null;

/** @param {Session} session */
function present(session) {
  const { clip, error, stopped, kept, best, window_s } = session;
  showBest(session);
  if (error) return announce('problem', titleOf(error.code));
  if (clip || (stopped && kept && kept.start_s === best?.start_s)) return announce('done', say(texts.overlay.done, { window: duration(window_s) }));
  const known = document.body.dataset.show === 'capture';
  show('capture');
  showRing(session);
  showAspects('aspects', session.latest?.aspects);
  return known ? narrator.suggest(meaning(session, true)) : narrator.say(meaning(session, true));
}

/** @param {Session} session */
function showBest({ best, clip, window_s }) {
  const text = clip ? texts.result.from : texts.overlay.best;
  put($('best-span'), best ? say(text, { start: clock(best.start_s), end: clock(best.start_s + window_s) }) : '');
  put($('best-score'), best ? say(texts.overlay.score, { score: Math.round(best.I) }) : '');
}

/** @param {string} code */
const titleOf = (code) => texts.errors[/** @type {keyof typeof texts.errors} */ (codeOf({ code }))].title;

/** @param {string} code */
function lost(code) {
  announce('problem', code === 'unreachable' ? texts.status.reconnecting : titleOf(code));
}

function back() {
  if (shown) present(shown);
}

async function begin() {
  document.documentElement.lang = texts.language;
  document.body.dataset.layout = option('layout') === 'bar' ? 'bar' : 'corner';
  if (option('background') === 'solid') document.body.dataset.background = 'solid';
  fill({ window_s: 5 });
  if (!namedSession) return announce('problem', texts.overlay.no_session);
  for (;;) {
    const known = await config().catch(() => null);
    if (known) return new Following(namedSession, known, { event: took, lost, back });
    lost('unreachable');
    await new Promise((resolve) => setTimeout(resolve, CONFIG_AGAIN_MS));
  }
}

addEventListener('hashchange', () => location.reload());
begin();
