// @ts-check
// OBS or another sender: the name of the session, the address to type there, and what to set.

import { copyable } from './clipboard.js';
import { $ } from './dom.js';
import { address, namedSession, newName, optionsFor } from './server.js';
import { keep, recall } from './store.js';

const KEY = 'take5.name';

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
  copyable($('address'), $('copy'));
  showAddress();
}

export const senderName = () => /** @type {string} */ ($('name').value);

function showAddress() {
  const valid = senderName() !== '' && $('name').checkValidity();
  $('address').value = valid ? address(`whip/${senderName()}`) + query : '';
  $('name').setAttribute('aria-invalid', String(!valid));
  for (const id of ['copy', 'follow']) if ($(id)) $(id).disabled = !valid;
  if ($('obs-page')) $('obs-page').href = `obs.html${optionsFor(senderName())}`;
  if (valid && !namedSession) keep(KEY, senderName());
}
