// @ts-check
// OBS or another sender: the name of the session, the address to type there, and what to set.

import { $, put } from './dom.js';
import { namedSession, newName } from './server.js';
import { keep, recall } from './store.js';
import { texts } from './texts.js';
import { whipAddress } from './whip.js';

const KEY = 'take5.name';
const COPIED_MS = 2000;

/** What the address asks the server for. */
let query = '';

/** Ask for something else in the address. @param {string} asked */
export function askFor(asked) {
  query = asked;
  showAddress();
}

/** Keep name and address in step. */
export function setUpSender() {
  $('name').value = namedSession || recall(KEY) || newName();
  $('name').addEventListener('input', showAddress);
  $('copy').addEventListener('click', copy);
  showAddress();
}

export const senderName = () => /** @type {string} */ ($('name').value);

function showAddress() {
  const valid = senderName() !== '' && $('name').checkValidity();
  $('address').value = valid ? whipAddress(senderName()) + query : '';
  $('name').setAttribute('aria-invalid', String(!valid));
  $('follow').disabled = $('copy').disabled = !valid;
  if (valid && !namedSession) keep(KEY, senderName());
}

async function copy() {
  $('address').select();
  try {
    await navigator.clipboard.writeText($('address').value);
    put($('copy'), texts.controls.copied);
  } catch {
    put($('copy'), texts.controls.copy_by_hand); // not on an insecure page
  }
  setTimeout(() => put($('copy'), texts.page.copy), COPIED_MS);
}
