// @ts-check
// The latest warning, and the button for a clip that cannot be written.

import { $, put } from './dom.js';
import { request } from './server.js';
import { stepByStep } from './steps.js';
import { ofCode, texts } from './texts.js';

/** Warnings that a platform's person can do nothing about, or is told in other words. */
const NOT_FOR_PERSONS = new Set(['behind', 'loss', 'keyframes_rare', 'no_sender_reports', 'time_jumped', 'disk_low', 'not_kept']);

/** What a warning says; nothing once its cause is over. @param {import('./feed.js').Event} event */
function meaning({ code, value }) {
  if (code === 'caught_up' || (stepByStep() && NOT_FOR_PERSONS.has(code))) return '';
  const [width, height] = Array.isArray(value) ? value : [];
  return ofCode(texts.warnings, code, { seconds: Number(value).toFixed(0), megabytes: Number(value), width, height });
}

/** @param {import('./session.js').Session} session */
export function showWarning({ warning }) {
  put($('warning'), warning ? meaning(warning) : '');
  $('save').hidden = warning?.code !== 'not_written';
}

/** Have a clip written now: there may be room for it. @param {string} name of the session */
export async function save(name) {
  $('save').disabled = true;
  await request(`api/sessions/${name}/save`, { method: 'POST' }).catch(() => {}); // the warning stays
  $('save').disabled = false;
}
