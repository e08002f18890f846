// @ts-check
// Keeps a recording going: a phone whose screen turns off stops filming, and a page that is left sends no more.

/** @type {WakeLockSentinel | null} */
let lock = null;

/** Keep the screen on. @param {() => boolean} wanted whether it still is, once the browser has answered */
export async function stayAwake(wanted) {
  const given = (await navigator.wakeLock?.request('screen').catch(() => null)) ?? null;
  if (given && !wanted()) given.release();
  else lock = given;
}

export function mayRest() {
  lock?.release();
  lock = null;
  removeEventListener('beforeunload', ask);
}

/** Let the browser ask before the page is left. */
export const askBeforeLeaving = () => addEventListener('beforeunload', ask);

/** @param {BeforeUnloadEvent} event */
const ask = (event) => event.preventDefault();
