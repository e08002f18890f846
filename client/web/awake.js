// @ts-check
// Keeps the screen on: a phone whose screen turns off stops filming.

/** @type {WakeLockSentinel | null} */
let lock = null;

/** @param {() => boolean} wanted whether it still is, once the browser has answered */
export async function stayAwake(wanted) {
  const given = (await navigator.wakeLock?.request('screen').catch(() => null)) ?? null;
  if (given && !wanted()) given.release();
  else lock = given;
}

export function mayRest() {
  lock?.release();
  lock = null;
}
