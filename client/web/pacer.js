// @ts-check
// How long a sentence stays: its own reading time, which passes only during speech. It owns no timer and no element.

export const QUIET_DBFS = -45;
/** Share of a sentence's time that must be spoken for it to count as read. */
const READ = 0.5;

export class Pacer {
  /** Nothing was heard yet: the first sentence waits. */
  speaking = false;
  length_s = Infinity;
  spoken_s = 0;

  /** A sentence is shown. @param {number} length_s */
  show(length_s) {
    this.length_s = length_s;
    this.spoken_s = 0;
  }

  /** A second of the recording was heard. @param {number | null} level_dbfs null for digital silence */
  hear(level_dbfs) {
    this.speaking = level_dbfs != null && level_dbfs >= QUIET_DBFS;
  }

  /** Time has passed; true when the sentence is over. @param {number} elapsed_s */
  pass(elapsed_s) {
    if (this.speaking) this.spoken_s += elapsed_s;
    return this.spoken_s >= this.length_s;
  }

  /** Whether the sentence was read, as far as the level tells. */
  get read() {
    return this.spoken_s >= READ * this.length_s;
  }
}
