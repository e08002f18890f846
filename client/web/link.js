// @ts-check
// A platform's session, as its link opens the page: which one it is, what the link may do with it, and its language.

import { Feed } from './feed.js';
import { access, namedSession, Refusal, request } from './server.js';
import { keep, recall } from './store.js';

/** @typedef {'send' | 'follow' | 'decide'} Act */

const LANGUAGE = 'take5.language';
const SESSION_LANGUAGE = 'take5.session-language';
const WAITING = 'waiting';
/** How a capture ends. */
const OVER = new Set(['clip', 'error']);
/** Another sender's media have arrived. */
const ARRIVED = new Set(['receiving', 'stalled', 'stopping']);

/** `platform`: every session of the server is a platform's, and has secrets of its own. */
export const link = { platform: false, name: namedSession ?? '', language: '', asksConsent: false };

/** Ask the server what the link may do; a Refusal if it opens nothing. @param {{ platform?: boolean }} config */
export async function look({ platform }) {
  link.platform = platform === true;
  if (!link.platform) return;
  document.body.dataset.link = '';
  link.language = recall(SESSION_LANGUAGE);
  if (!access.token || !link.name) throw new Refusal('no_link');
  const { may, language, closed, asks_consent } = await accessOf();
  link.asksConsent = asks_consent;
  document.body.dataset.may = may.filter((/** @type {Act} */ act) => act !== 'send' || closed !== 'accepted').join(' ');
  link.language = language ?? '';
  keep(SESSION_LANGUAGE, link.language);
}

/** Whether the page may do something; where there is no platform, it may do everything. @param {Act} act */
export const allowed = (act) => !link.platform || (document.body.dataset.may ?? '').split(' ').includes(act);

/** Languages that the link asks for, preferred first: the person's own choice, then the session's. */
export const wanted = () => (link.platform ? [recall(LANGUAGE), link.language] : []);

/** What opens the session for those who only follow; without a platform one token opens everything. */
export async function followerToken() {
  if (!link.platform) return access.token;
  return (await (await request(`api/sessions/${link.name}/follower`, { method: 'POST' })).json()).secret;
}

/** The state of the session's capture; that of a session without one where there is none. @returns {Promise<string>} */
export const stateOf = async () => (await accessOf()).state;

const accessOf = async () => (await request(`api/sessions/${link.name}/access`)).json();

/** Whether the session has, or had, a sender. */
export const begun = async () => (await stateOf()) !== WAITING;

/** Let the person choose another language than that of the session. @param {HTMLSelectElement} select @param {string[]} languages @param {string} language */
export function offerLanguages(select, languages, language) {
  select.hidden = !link.platform;
  select.replaceChildren(...languages.map((each) => new Option(nameOf(each), each)));
  select.value = language;
  select.addEventListener('change', () => {
    keep(LANGUAGE, select.value);
    location.reload();
  });
}

/** A language's own name. @param {string} language */
function nameOf(language) {
  try {
    return new Intl.DisplayNames([language], { type: 'language' }).of(language) ?? language;
  } catch {
    return language;
  }
}

/** Watches the session while the page neither sends nor follows. */
export class Watch {
  /** @type {Feed | null} */
  #feed = null;

  /** A capture that this page has given up is still being ended. */
  #givenUp = false;

  /**
   * @param {() => void} arrived another sender's media arrive
   * @param {(code: string) => void} refused the link opens nothing any more
   * @param {(rules: import('./server.js').Rules) => void} told the session's rules are known
   * @param {(accepted: string | null) => void} decided a take has been accepted, or none is any more
   */
  constructor(arrived, refused, told, decided) {
    this.arrived = arrived;
    this.refused = refused;
    this.told = told;
    this.decided = decided;
  }

  /** @param {boolean} givenUp whether this page's own capture is still being ended */
  begin(givenUp = false) {
    this.end();
    if (!link.platform) return;
    this.#givenUp = givenUp;
    /** @type {Feed} */
    const feed = new Feed(link.name, true, {
      event: (event) => feed === this.#feed && this.#take(event),
      refused: (code) => feed === this.#feed && this.refused(code),
      lost: () => {},
      again: () => {},
    }, access);
    this.#feed = feed;
  }

  /** @param {import('./feed.js').Event} event */
  #take({ type, state, rules, accepted }) {
    if (type === 'decided') return this.decided(accepted);
    if (type === 'hello') this.told(rules);
    if (OVER.has(type)) return this.begin(); // the server closes: what comes next is of another capture
    if (state && !ARRIVED.has(state)) this.#givenUp = false;
    if (ARRIVED.has(state) && !this.#givenUp) this.arrived();
    return undefined;
  }

  end() {
    this.#feed?.close();
    this.#feed = null;
  }
}
