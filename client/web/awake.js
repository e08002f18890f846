// @ts-check
// Keeps a recording going: a phone whose screen turns off stops filming, and a page that is left sends no more.

export class Awake {
  /** @type {WakeLockSentinel | null} */
  #lock = null;

  /** @param {() => boolean} wanted whether it still is, once the browser has answered */
  async stay(wanted) {
    const given = (await navigator.wakeLock?.request('screen').catch(() => null)) ?? null;
    if (given && !wanted()) given.release();
    else this.#lock = given;
  }

  rest() {
    this.#lock?.release();
    this.#lock = null;
  }
}

const page = new Awake();
export const stayAwake = (/** @type {() => boolean} */ wanted) => page.stay(wanted);

export function mayRest() {
  page.rest();
  removeEventListener('beforeunload', ask);
}

/** Let the browser ask before the page is left. */
export const askBeforeLeaving = () => addEventListener('beforeunload', ask);

/** @param {BeforeUnloadEvent} event */
const ask = (event) => event.preventDefault();
