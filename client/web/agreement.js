// @ts-check
// What a platform's session asks its person to agree to, and the person's answer. It knows no page.

/** @typedef {{ name: string, sha256: string, spoken?: object | null }} Consented */
/**
 * @typedef {{ text: string, version: string | null, language: string | null, sha256: string, consented: Consented | null,
 *   spoken_consent: boolean, sentences: Record<string, string> | null }} Asked
 */

const UPLOAD_MS = 300_000;

export class Agreement {
  /** Null where the session asks for nothing. @type {Asked | null} */
  asked = null;

  /** @param {import('./connection.js').Server} server @param {string} session */
  constructor(server, session) {
    this.server = server;
    this.path = `api/sessions/${session}/consent`;
  }

  /** Whether the person has still to agree to the text. */
  get unread() {
    return this.asked !== null && this.asked.consented === null;
  }

  /** Whether the person has still to say the sentence. */
  get unsaid() {
    return this.asked !== null && this.asked.spoken_consent && !this.asked.consented?.spoken;
  }

  /** Ask the server for the text. */
  async load() {
    try {
      this.asked = await (await this.server.request(this.path)).json();
    } catch (error) {
      if (/** @type {import('./connection.js').Refusal} */ (error).code !== 'not_found') throw error;
      this.asked = null;
    }
  }

  /** Agree to the text as it was shown. @param {string} name */
  async agree(name) {
    const body = JSON.stringify({ name, sha256: this.asked?.sha256 });
    const answer = await this.server.request(this.path, { method: 'POST', headers: { 'Content-Type': 'application/json' }, body });
    this.asked = await answer.json();
  }

  /** Send the recording of the sentence in a language. @param {Blob} recording @param {string} language */
  async send(recording, language) {
    const options = { method: 'POST', headers: { 'Content-Type': recording.type.split(';')[0] }, body: recording, signal: AbortSignal.timeout(UPLOAD_MS) };
    const answer = await this.server.request(`${this.path}/recording?language=${encodeURIComponent(language)}`, options);
    this.asked = await answer.json();
  }
}
