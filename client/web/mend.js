// @ts-check
// How a person mends what is wrong with camera and microphone, in this browser and on this system.

import { detect, isPhone } from './browsers.js';
import { texts } from './texts.js';

/** @typedef {{ browser: import('./browsers.js').Browser, system: import('./browsers.js').System }} Here */

const here = detect(/** @type {any} */ (navigator));

export const onPhone = isPhone(here.system);

/** @type {Record<string, keyof typeof texts.mend>} By the keys of texts.errors. */
const CAUSES = { NotAllowedError: 'denied', NotReadableError: 'in_use', NotFoundError: 'no_camera', no_camera: 'no_camera', no_microphone: 'no_microphone', insecure: 'insecure' };
/** What browsers say where the system has denied it. */
const BY_SYSTEM = /system/i;

/** What to do about a problem; undefined where that is the same everywhere. @param {string} code @param {{ message?: string }} error */
export function mended(code, { message = '' } = {}) {
  const cause = code === 'NotAllowedError' && BY_SYSTEM.test(message) ? 'blocked' : CAUSES[code];
  return cause && adviceFor(cause, here);
}

export const forSilence = () => adviceFor('silent', here);

/** The text for a cause that fits best. @param {string} cause @param {Here} here */
export function adviceFor(cause, { browser, system }) {
  /** @type {Record<string, string>} */
  const known = texts.mend[/** @type {keyof typeof texts.mend} */ (cause)];
  const mobile = isPhone(system);
  const tried = mobile ? [`${system}_${browser}`, system, 'phone'] : [browser, system];
  return known[tried.find((each) => each in known) ?? 'other'];
}
