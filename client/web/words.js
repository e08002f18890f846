// @ts-check
// Sentences from the texts of a language. It loads nothing: texts.js does for the page, embed_words.js for an element.

/** @typedef {typeof import('../../stream/texts/en.json')} Texts */

/** Minutes and seconds, as 0:07. @param {number} seconds */
export function clock(seconds) {
  const whole = Math.max(0, Math.floor(seconds + 1e-6));
  return `${Math.floor(whole / 60)}:${String(whole % 60).padStart(2, '0')}`;
}

/** The first of the wanted languages that is among the known ones. @param {readonly string[]} wanted @param {string[]} known */
export function preferred(wanted, known) {
  const spoken = wanted.map((tag) => tag.split('-')[0]);
  return spoken.map((tag) => known.find((language) => language.split('-')[0] === tag)).find(Boolean);
}

/** Fill values into a text's {names}; nothing for a text that is missing. @param {string | undefined} text @param {Record<string, string | number | boolean>} values */
export function say(text, values = {}) {
  return (text ?? '').replace(/\{(\w+)\}/g, (_, name) => String(values[name]));
}

/** The text of a code; nothing for one of a later server. @param {Record<string, string>} group @param {string} code @param {Record<string, string | number>} values */
export const ofCode = (group, code, values = {}) => say(group[code], values);

export const percent = (/** @type {number} */ share) => `${Math.floor(share * 100)}%`;

export class Words {
  /** @param {Texts} texts */
  constructor(texts) {
    this.texts = texts;
  }

  /** The length of a window, as "five seconds". @param {number} seconds */
  duration = (seconds) => (seconds === 5 ? this.texts.phrases.five_seconds : say(this.texts.phrases.seconds, { count: seconds }));

  /** A time that need not be exact, in whole minutes if it is long. @param {number} seconds */
  span = (seconds) => (seconds < 120 ? say(this.texts.phrases.seconds, { count: Math.round(seconds) }) : say(this.texts.phrases.minutes, { count: Math.round(seconds / 60) }));

  /** Short texts of findings, each once. @param {string[]} codes */
  reasons = (codes) => [...new Set(codes.map((code) => this.reason(code)?.short ?? code))].join(this.texts.phrases.list_separator);

  /** @param {string} code @returns {{ short: string, advice: string } | undefined} */
  reason = (code) => this.texts.reasons[/** @type {keyof Texts['reasons']} */ (code)];

  /** Why a capture stopped. @param {{ rule: string, numbers?: { expected?: number | null } }} event @param {boolean} external another sender sent it */
  stopped = ({ rule, numbers }, external) => {
    if (rule === 'ended' && external) return this.texts.stopped.ended_outside;
    return ofCode(this.texts.stopped, rule === 'threshold' && numbers?.expected == null ? 'stop_at' : rule);
  };

  /** Two sentences after each other. @param {string} first @param {string} second */
  sentences = (first, second) => say(this.texts.phrases.sentences, { first, second }).trim();

  /** What the coach says, and in which language: an instruction of a later server has no text here and is in the event's English. @param {{ code?: string | null, text?: string, [key: string]: any }} event */
  advice = ({ code, text }) => {
    const own = code ? ofCode(this.texts.coaching, code) : '';
    return { text: own || text || '', language: own ? this.texts.language : 'en' };
  };
}
