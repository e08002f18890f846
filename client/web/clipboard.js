// @ts-check
// A field and the button that copies what is in it.

import { put } from './dom.js';
import { texts } from './texts.js';

const COPIED_MS = 2000;

/** @param {HTMLInputElement} field @param {HTMLButtonElement} button */
export function copyable(field, button) {
  button.addEventListener('click', async () => {
    put(button, (await copied(field)) ? texts.controls.copied : texts.controls.copy_by_hand);
    setTimeout(() => put(button, texts.page.copy), COPIED_MS);
  });
}

/** @param {HTMLInputElement} field */
async function copied(field) {
  try {
    await navigator.clipboard.writeText(field.value);
    return true;
  } catch {
    field.type = 'text'; // not on an insecure page; what is hidden cannot be copied by hand either
    return false;
  } finally {
    field.select();
  }
}
